package main

import (
	"k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func textOr(value any, err error) any {
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return value
}

func readQuantity(text string) any {
	quantity, err := resource.ParseQuantity(text)
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	whole, exact := quantity.AsInt64()
	return map[string]any{"text": quantity.String(), "whole": whole, "exact": exact, "value": quantity.Value(), "milli": quantity.MilliValue(), "sign": quantity.Sign()}
}

func readSelector(text string) any {
	selector, err := labels.Parse(text)
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return selector.String()
}

func readFields(text string) any {
	selector, err := fields.ParseSelector(text)
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return selector.String()
}

func judgeName(text string) any {
	return map[string]any{
		"subdomain": validation.IsDNS1123Subdomain(text),
		"label":     validation.IsDNS1123Label(text),
		"dns1035":   validation.IsDNS1035Label(text),
		"qualified": validation.IsQualifiedName(text),
		"value":     validation.IsValidLabelValue(text),
		"configKey": validation.IsConfigMapKey(text),
		"envName":   validation.IsEnvVarName(text),
		"portName":  validation.IsValidPortName(text),
		"finalizer": validation.IsFullyQualifiedName(field.NewPath("f"), text).ToAggregate() == nil,
	}
}

var patchable = map[string]any{
	"Pod": &corev1.Pod{}, "ConfigMap": &corev1.ConfigMap{}, "Secret": &corev1.Secret{}, "Service": &corev1.Service{}, "Node": &corev1.Node{},
	"ServiceAccount": &corev1.ServiceAccount{}, "Namespace": &corev1.Namespace{}, "Deployment": &v1.Deployment{}, "StatefulSet": &v1.StatefulSet{}, "Job": &batchv1.Job{},
	"CronJob": &batchv1.CronJob{}, "PersistentVolume": &corev1.PersistentVolume{}, "Event": &corev1.Event{}, "DaemonSet": &v1.DaemonSet{},
}

func patchStrategically(question asked) (any, error) {
	var object, patch map[string]any
	if err := utiljson.Unmarshal(question.Object, &object); err != nil {
		return nil, err
	}
	if err := utiljson.Unmarshal(question.Patch, &patch); err != nil {
		return nil, err
	}
	meta, err := strategicpatch.NewPatchMetaFromStruct(patchable[question.Kind])
	if err != nil {
		return nil, err
	}
	return textOr(strategicpatch.StrategicMergeMapPatchUsingLookupPatchMeta(object, patch, meta)), nil
}
