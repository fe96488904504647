package main

import (
	"context"
	"log/slog"

	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

// registrar makes the driver known to the kubelet, which watches its plugins_registry folder for sockets. Drivers
// usually leave this to the node-driver-registrar container.
type registrar struct {
	registration.UnimplementedRegistrationServer
	name     string
	endpoint string
}

func (r *registrar) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type:              registration.CSIPlugin,
		Name:              r.name,
		Endpoint:          r.endpoint,
		SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (r *registrar) NotifyRegistrationStatus(_ context.Context, request *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	if request.PluginRegistered {
		slog.Info("registered with the kubelet")
	} else {
		slog.Error("the kubelet refused the registration", "reason", request.Error)
	}
	return &registration.RegistrationStatusResponse{}, nil
}
