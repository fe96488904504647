package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// volume is the record of one volume.
type volume struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	SizeBytes int64  `json:"sizeBytes"`
	// Shared volumes accept access modes of many nodes; see sharedParameter.
	Shared bool `json:"shared,omitempty"`
	// SourceSnapshot or SourceVolume is what the volume was copied from.
	SourceSnapshot string `json:"sourceSnapshot,omitempty"`
	SourceVolume   string `json:"sourceVolume,omitempty"`
	// AttachedTo is the node of ControllerPublishVolume.
	AttachedTo string `json:"attachedTo,omitempty"`
	// StagedAt is the path of NodeStageVolume. The mount may be gone, as after a restart of the node.
	StagedAt  string    `json:"stagedAt,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
}

// mountedAt is the path at which a volume is staged right now, or "".
func (v *volume) mountedAt() (string, error) {
	if v.StagedAt == "" {
		return "", nil
	}
	m, err := mountAt(v.StagedAt)
	if err != nil || m == nil {
		return "", err
	}
	return v.StagedAt, nil
}

// snapshot is the record of one snapshot: a full copy of its volume's image.
type snapshot struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	SizeBytes    int64     `json:"sizeBytes"`
	SourceVolume string    `json:"sourceVolume"`
	CreatedAt    time.Time `json:"createdAt"`
}

// records keeps records of one type, each as JSON in a folder of its own, beside the image that it describes. The
// JSON is written last and removed first: an image without one is half made or half removed.
type records[T any] struct{ dir string }

const recordFile = "record.json"

// folder is where a record and its image are.
func (r records[T]) folder(id string) string { return filepath.Join(r.dir, id) }

// image is the path of a record's image.
func (r records[T]) image(id string) string { return filepath.Join(r.folder(id), "image") }

// ids are those of idOf. What a caller names is looked up only if it could be one: it becomes part of a path.
var ids = regexp.MustCompile("^[0-9a-f]{32}$")

// load returns the record of an id, or nil if there is none.
func (r records[T]) load(id string) (*T, error) {
	if !ids.MatchString(id) {
		return nil, nil
	}
	path := filepath.Join(r.folder(id), recordFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	record := new(T)
	if err := json.Unmarshal(text, record); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return record, nil
}

// save writes a record, whole or not at all.
func (r records[T]) save(id string, record *T) error {
	text, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(r.folder(id), recordFile)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// list returns all records, in the order of their ids.
func (r records[T]) list() ([]*T, error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return nil, err
	}
	var all []*T
	for _, entry := range entries {
		record, err := r.load(entry.Name())
		if err != nil {
			return nil, err
		}
		if record != nil {
			all = append(all, record)
		}
	}
	return all, nil
}

// prepare makes an empty folder for the image of a record that is yet to be saved.
func (r records[T]) prepare(id string) error {
	if err := os.RemoveAll(r.folder(id)); err != nil {
		return err
	}
	return os.MkdirAll(r.folder(id), 0o700)
}

// remove deletes a record and its image. Removing what is not there is no error.
func (r records[T]) remove(id string) error {
	record, err := r.load(id)
	if err != nil || record == nil {
		return err
	}
	if err := os.Remove(filepath.Join(r.folder(id), recordFile)); err != nil {
		return err
	}
	return os.RemoveAll(r.folder(id))
}

// sweep deletes images that have no record.
func (r records[T]) sweep() error {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		record, err := r.load(entry.Name())
		if err != nil {
			return err
		}
		if record == nil {
			if err := os.RemoveAll(r.folder(entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
