package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// minimumBytes is the smallest XFS that mkfs.xfs makes.
const minimumBytes = 300 << 20

// command runs a program to its end. A call's deadline does not stop it: callers repeat a call that timed out, and a
// copy that was killed each time would never be finished.
func command(name string, args ...string) error {
	output, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}

// makeImage makes a sparse file that holds an empty XFS.
func makeImage(image string, bytes int64) error {
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(image, bytes); err != nil {
		return err
	}
	return command("mkfs.xfs", "-q", image)
}

// copyImage copies an image, holes and all. The file system of a mounted one is frozen meanwhile, so that the copy
// is what a disk's snapshot would be. stagedAt is "" for an image that is not mounted.
func copyImage(from, to, stagedAt string) (err error) {
	if stagedAt != "" {
		if err := freeze(stagedAt); err != nil {
			return err
		}
		defer func() {
			_, thawed := thaw(stagedAt)
			err = errors.Join(err, thawed)
		}()
	}
	return command("cp", "--sparse=always", "--reflink=auto", from, to)
}

// mountImage mounts an image and lets its file system fill it: the image of a volume that was restored into a larger
// one, or grown while unmounted, is larger than its file system.
func mountImage(image, path string, flags []string) error {
	// Copies of an XFS have the same UUID, which it would refuse to mount twice.
	options := append([]string{"loop", "nouuid"}, flags...)
	if err := command("mount", "-t", "xfs", "-o", strings.Join(options, ","), image, path); err != nil {
		return err
	}
	if err := command("xfs_growfs", path); err != nil {
		return errors.Join(err, command("umount", path))
	}
	return nil
}

// growMounted lets a mounted file system fill its image, which has grown.
func growMounted(m *mountPoint) error {
	if err := command("losetup", "--set-capacity", m.source); err != nil {
		return err
	}
	return command("xfs_growfs", m.path)
}

// unmount unmounts whatever is mounted at a path, also several times over.
func unmount(path string) error {
	for {
		m, err := mountAt(path)
		if err != nil || m == nil {
			return err
		}
		if err := command("umount", path); err != nil {
			return err
		}
	}
}

// FIFREEZE and FITHAW of linux/fs.h, which golang.org/x/sys does not have.
const (
	ioctlFreeze = 0xc0045877
	ioctlThaw   = 0xc0045878
)

// freeze writes out a file system and holds back all further writes.
func freeze(path string) error {
	if err := ioctl(path, ioctlFreeze); err != nil {
		return fmt.Errorf("cannot freeze %s: %w", path, err)
	}
	return nil
}

// thaw ends a freeze; it reports whether there was one.
func thaw(path string) (bool, error) {
	err := ioctl(path, ioctlThaw)
	if errors.Is(err, unix.EINVAL) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot thaw %s: %w", path, err)
	}
	return true, nil
}

func ioctl(path string, request uint) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return unix.IoctlSetInt(int(dir.Fd()), request, 0)
}

// mountPoint is one line of /proc/self/mountinfo.
type mountPoint struct {
	device   string // major:minor
	path     string
	readOnly bool
	source   string // the block device
}

// mountAt returns what is mounted at a path, or nil.
func mountAt(path string) (*mountPoint, error) {
	all, err := mounts()
	if err != nil {
		return nil, err
	}
	return find(all, path), nil
}

// find returns the topmost mount at a path, or nil.
func find(all []mountPoint, path string) *mountPoint {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].path == path {
			return &all[i]
		}
	}
	return nil
}

func mounts() ([]mountPoint, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return parseMounts(string(text))
}

// parseMounts reads the format of proc(5), /proc/pid/mountinfo.
func parseMounts(text string) ([]mountPoint, error) {
	var all []mountPoint
	for line := range strings.Lines(text) {
		before, after, found := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if !found || len(fields) < 6 || len(rest) < 2 {
			return nil, fmt.Errorf("mountinfo has a line that is not understood: %q", line)
		}
		all = append(all, mountPoint{
			device:   fields[2],
			path:     unescape(fields[4]),
			readOnly: strings.HasPrefix(fields[5], "ro,") || fields[5] == "ro",
			source:   unescape(rest[1]),
		})
	}
	return all, nil
}

// unescape turns mountinfo's \040 and the like back into characters.
func unescape(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if code, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(code))
				i += 3
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
