package main

import (
	"os"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// source names what a new volume's content is copied from: at most one of the two.
type source struct{ snapshot, volume string }

func sourceOf(content *csi.VolumeContentSource) source {
	return source{snapshot: content.GetSnapshot().GetSnapshotId(), volume: content.GetVolume().GetVolumeId()}
}

func (v *volume) source() source { return source{snapshot: v.SourceSnapshot, volume: v.SourceVolume} }

// claims lists the ids that making a volume from a source works on.
func (s source) claims(id string) []string {
	claims := []string{id}
	for _, other := range []string{s.snapshot, s.volume} {
		if other != "" {
			claims = append(claims, other)
		}
	}
	return claims
}

func (s source) String() string {
	switch {
	case s.snapshot != "":
		return "snapshot " + s.snapshot
	case s.volume != "":
		return "volume " + s.volume
	default:
		return "nothing"
	}
}

// content is what a new image is filled with.
type content struct {
	bytes int64 // size of the source, 0 without one
	write func(image string, bytes int64) error
}

func (d *driver) contentOf(s source) (content, error) {
	switch {
	case s.snapshot != "":
		from, err := d.snapshots.load(s.snapshot)
		if err != nil {
			return content{}, err
		}
		if from == nil {
			return content{}, status.Errorf(codes.NotFound, "there is no snapshot %q to restore", s.snapshot)
		}
		return copyOf(d.snapshots.image(from.ID), from.SizeBytes, ""), nil
	case s.volume != "":
		from, err := d.volumes.load(s.volume)
		if err != nil {
			return content{}, err
		}
		if from == nil {
			return content{}, status.Errorf(codes.NotFound, "there is no volume %q to clone", s.volume)
		}
		stagedAt, err := from.mountedAt()
		if err != nil {
			return content{}, err
		}
		return copyOf(d.volumes.image(from.ID), from.SizeBytes, stagedAt), nil
	default:
		return content{write: makeImage}, nil
	}
}

// copyOf is another image's content. The copy's file system stays as large as it was until it is mounted.
func copyOf(from string, bytes int64, stagedAt string) content {
	return content{bytes: bytes, write: func(image string, size int64) error {
		if err := copyImage(from, image, stagedAt); err != nil {
			return err
		}
		return os.Truncate(image, size)
	}}
}
