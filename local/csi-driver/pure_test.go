package main

import (
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestSizeFor(t *testing.T) {
	const mebibyte = 1 << 20
	for _, test := range []struct {
		name            string
		required, limit int64
		minimum         int64
		want            int64
		code            codes.Code
	}{
		{name: "nothing asked for", minimum: minimumBytes, want: minimumBytes},
		{name: "less than the smallest XFS", required: mebibyte, minimum: minimumBytes, want: minimumBytes},
		{name: "as asked for", required: 500 * mebibyte, minimum: minimumBytes, want: 500 * mebibyte},
		{name: "rounded up", required: 500*mebibyte + 1, minimum: minimumBytes, want: 501 * mebibyte},
		{name: "no smaller than the source", minimum: 700 * mebibyte, want: 700 * mebibyte},
		{name: "limit below the smallest XFS", limit: 10 * mebibyte, minimum: minimumBytes, code: codes.OutOfRange},
		{name: "limit below the requirement", required: 600 * mebibyte, limit: 500 * mebibyte, minimum: minimumBytes, code: codes.OutOfRange},
		{name: "negative", required: -1, minimum: minimumBytes, code: codes.InvalidArgument},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := sizeFor(&csi.CapacityRange{RequiredBytes: test.required, LimitBytes: test.limit}, test.minimum)
			if status.Code(err) != test.code || got != test.want {
				t.Errorf("got %d, %v; want %d, code %v", got, err, test.want, test.code)
			}
		})
	}
}

func TestCheckCapability(t *testing.T) {
	type mode = csi.VolumeCapability_AccessMode_Mode
	mounted := func(m mode, fsType string) *csi.VolumeCapability {
		return &csi.VolumeCapability{
			AccessMode: &csi.VolumeCapability_AccessMode{Mode: m},
			AccessType: &csi.VolumeCapability_Mount{Mount: &csi.VolumeCapability_MountVolume{FsType: fsType}},
		}
	}
	for _, test := range []struct {
		name       string
		capability *csi.VolumeCapability
		shared     bool
		refused    bool
	}{
		{name: "one node", capability: mounted(csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER, "")},
		{name: "one pod", capability: mounted(csi.VolumeCapability_AccessMode_SINGLE_NODE_SINGLE_WRITER, "xfs")},
		{name: "many nodes, not shared", capability: mounted(csi.VolumeCapability_AccessMode_MULTI_NODE_MULTI_WRITER, ""), refused: true},
		{name: "many nodes, shared", capability: mounted(csi.VolumeCapability_AccessMode_MULTI_NODE_MULTI_WRITER, ""), shared: true},
		{name: "many readers, not shared", capability: mounted(csi.VolumeCapability_AccessMode_MULTI_NODE_READER_ONLY, ""), refused: true},
		{name: "another file system", capability: mounted(csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER, "ext4"), refused: true},
		{name: "no access mode", capability: mounted(csi.VolumeCapability_AccessMode_UNKNOWN, ""), refused: true},
		{name: "block", refused: true, capability: &csi.VolumeCapability{
			AccessMode: &csi.VolumeCapability_AccessMode{Mode: csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER},
			AccessType: &csi.VolumeCapability_Block{Block: &csi.VolumeCapability_BlockVolume{}},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := checkCapability(test.capability, test.shared)
			if refused := status.Code(err) == codes.InvalidArgument; refused != test.refused {
				t.Errorf("got %v, want refused %t", err, test.refused)
			}
		})
	}
}

func TestParseParameters(t *testing.T) {
	if shared, err := parseParameters(map[string]string{"shared": "true", "csi.storage.k8s.io/pvc/name": "x"}); err != nil || !shared {
		t.Errorf("got %t, %v", shared, err)
	}
	for _, wrong := range []map[string]string{{"shared": "yes"}, {"Shared": "true"}} {
		if _, err := parseParameters(wrong); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%v: got %v, want InvalidArgument", wrong, err)
		}
	}
}

func TestParseMounts(t *testing.T) {
	all, err := parseMounts("36 35 7:3 / /var/lib/with\\040space ro,nosuid shared:1 master:2 - xfs /dev/loop3 rw,attr2\n" +
		"37 35 0:5 / /dev rw - devtmpfs udev rw\n")
	if err != nil {
		t.Fatal(err)
	}
	want := mountPoint{device: "7:3", path: "/var/lib/with space", readOnly: true, source: "/dev/loop3"}
	if len(all) != 2 || all[0] != want || all[1].readOnly {
		t.Errorf("got %+v", all)
	}
	if _, err := parseMounts("nonsense\n"); err == nil {
		t.Error("nonsense was understood")
	}
}

func TestBusy(t *testing.T) {
	var b busy
	done, err := b.begin("a", "b")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.begin("c", "b"); status.Code(err) != codes.Aborted {
		t.Errorf("a second call got %v, want Aborted", err)
	}
	free, err := b.begin("c")
	if err != nil {
		t.Errorf("the refused call kept c: %v", err)
	}
	free()
	done()
	if _, err := b.begin("a", "b"); err != nil {
		t.Errorf("after the end: %v", err)
	}
}

func TestRecords(t *testing.T) {
	r := records[volume]{dir: t.TempDir()}
	id := idOf("pvc-1")
	if v, err := r.load(id); v != nil || err != nil {
		t.Fatalf("before: %v, %v", v, err)
	}
	if v, err := r.load("../" + id); v != nil || err != nil {
		t.Fatalf("a path as id: %v, %v", v, err)
	}
	for _, id := range []string{id, idOf("half made")} {
		if err := r.prepare(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.save(id, &volume{ID: id, SizeBytes: 7}); err != nil {
		t.Fatal(err)
	}
	if err := r.sweep(); err != nil {
		t.Fatal(err)
	}
	all, err := r.list()
	if err != nil || len(all) != 1 || all[0].SizeBytes != 7 {
		t.Fatalf("after the sweep: %v, %v", all, err)
	}
	for range 2 {
		if err := r.remove(id); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := r.list(); err != nil || len(all) != 0 {
		t.Fatalf("after removal: %v, %v", all, err)
	}
}
