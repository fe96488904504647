package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// quiet are the calls that are polled; they are logged only when they fail.
var quiet = map[string]bool{
	"Probe":                     true,
	"GetCapacity":               true,
	"GetPluginInfo":             true,
	"GetPluginCapabilities":     true,
	"ControllerGetCapabilities": true,
	"NodeGetCapabilities":       true,
	"NodeGetVolumeStats":        true,
	"ListSnapshots":             true,
}

// logCalls logs each call, and gives an error that has no gRPC code the code Internal.
func logCalls(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	method := methodOf(info)
	began := time.Now()
	response, err := handle(ctx, request)
	attributes := []any{"took", time.Since(began).Round(time.Millisecond).String()}
	if r, ok := request.(interface{ GetVolumeId() string }); ok {
		attributes = append(attributes, "volume", r.GetVolumeId())
	}
	if r, ok := request.(interface{ GetName() string }); ok {
		attributes = append(attributes, "name", r.GetName())
	}
	if err != nil {
		if _, has := status.FromError(err); !has {
			err = status.Error(codes.Internal, err.Error())
		}
		slog.Error(method, append(attributes, "error", err)...)
		return nil, err
	}
	if !quiet[method] {
		slog.Info(method, attributes...)
	}
	return response, nil
}

// injectFaults lets tests break the driver: while the file <data>/fault/<Method> exists, that call fails as
// Unavailable, with the file's text.
func (d *driver) injectFaults(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	text, err := os.ReadFile(filepath.Join(d.faults, methodOf(info)))
	switch {
	case err == nil:
		return nil, status.Error(codes.Unavailable, strings.TrimSpace(string(text)))
	case errors.Is(err, fs.ErrNotExist):
		return handle(ctx, request)
	default:
		return nil, err
	}
}

// methodOf is the last part of "/csi.v1.Node/NodeStageVolume".
func methodOf(info *grpc.UnaryServerInfo) string {
	return info.FullMethod[strings.LastIndex(info.FullMethod, "/")+1:]
}
