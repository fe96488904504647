package main

import (
	"context"
	"strconv"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// CreateSnapshot copies a volume's image as it is at this moment.
func (d *driver) CreateSnapshot(_ context.Context, r *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	if err := firstOf(required("name", r.GetName()), required("source_volume_id", r.GetSourceVolumeId())); err != nil {
		return nil, err
	}
	id := idOf(r.GetName())
	done, err := d.busy.begin(id, r.GetSourceVolumeId())
	if err != nil {
		return nil, err
	}
	defer done()
	s, err := d.snapshots.load(id)
	if err != nil {
		return nil, err
	}
	if s != nil {
		if s.SourceVolume != r.GetSourceVolumeId() {
			return nil, status.Errorf(codes.AlreadyExists, "snapshot %q exists of another volume, %s", r.GetName(), s.SourceVolume)
		}
		return &csi.CreateSnapshotResponse{Snapshot: s.message()}, nil
	}

	v, err := d.existing(r.GetSourceVolumeId())
	if err != nil {
		return nil, err
	}
	release, err := d.reserve(v.SizeBytes)
	if err != nil {
		return nil, err
	}
	defer release()
	stagedAt, err := v.mountedAt()
	if err != nil {
		return nil, err
	}
	if err := d.snapshots.prepare(id); err != nil {
		return nil, err
	}
	if err := copyImage(d.volumes.image(v.ID), d.snapshots.image(id), stagedAt); err != nil {
		return nil, err
	}
	s = &snapshot{ID: id, Name: r.GetName(), SizeBytes: v.SizeBytes, SourceVolume: v.ID, CreatedAt: time.Now().UTC()}
	if err := d.snapshots.save(id, s); err != nil {
		return nil, err
	}
	return &csi.CreateSnapshotResponse{Snapshot: s.message()}, nil
}

func (s *snapshot) message() *csi.Snapshot {
	return &csi.Snapshot{
		SnapshotId: s.ID, SourceVolumeId: s.SourceVolume, SizeBytes: s.SizeBytes,
		CreationTime: timestamppb.New(s.CreatedAt), ReadyToUse: true,
	}
}

// DeleteSnapshot removes a snapshot. Volumes made from it have their own copy.
func (d *driver) DeleteSnapshot(_ context.Context, r *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	if err := required("snapshot_id", r.GetSnapshotId()); err != nil {
		return nil, err
	}
	done, err := d.busy.begin(r.GetSnapshotId())
	if err != nil {
		return nil, err
	}
	defer done()
	return &csi.DeleteSnapshotResponse{}, d.snapshots.remove(r.GetSnapshotId())
}

// ListSnapshots lists snapshots, all or those of an id or of a volume. A token is the position of the next entry.
func (d *driver) ListSnapshots(_ context.Context, r *csi.ListSnapshotsRequest) (*csi.ListSnapshotsResponse, error) {
	all, err := d.snapshots.list()
	if err != nil {
		return nil, err
	}
	var entries []*csi.ListSnapshotsResponse_Entry
	for _, s := range all {
		if (r.GetSnapshotId() == "" || r.GetSnapshotId() == s.ID) && (r.GetSourceVolumeId() == "" || r.GetSourceVolumeId() == s.SourceVolume) {
			entries = append(entries, &csi.ListSnapshotsResponse_Entry{Snapshot: s.message()})
		}
	}
	from := 0
	if token := r.GetStartingToken(); token != "" {
		if from, err = strconv.Atoi(token); err != nil || from < 0 || from > len(entries) {
			return nil, status.Errorf(codes.Aborted, "starting_token %q is not one of this list", token)
		}
	}
	response := &csi.ListSnapshotsResponse{Entries: entries[from:]}
	if most := int(r.GetMaxEntries()); most > 0 && most < len(response.Entries) {
		response.Entries = response.Entries[:most]
		response.NextToken = strconv.Itoa(from + most)
	}
	return response, nil
}
