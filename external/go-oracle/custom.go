package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	definitionvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	schemavalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"k8s.io/apiserver/pkg/warning"
)

var definitionScheme = func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	return scheme
}()

// causesOf gives the errors as a client would see them.
func causesOf(errs field.ErrorList) any {
	if len(errs) == 0 {
		return []any{}
	}
	status := apierrors.NewInvalid(schema.GroupKind{}, "", errs).Status()
	return status.Details.Causes
}

func readDefinition(text json.RawMessage) (*apiextensions.CustomResourceDefinition, error) {
	external := &apiextensionsv1.CustomResourceDefinition{}
	if err := json.Unmarshal(text, external); err != nil {
		return nil, err
	}
	definitionScheme.Default(external)
	definition := &apiextensions.CustomResourceDefinition{}
	if err := definitionScheme.Convert(external, definition, nil); err != nil {
		return nil, err
	}
	definition.Status = apiextensions.CustomResourceDefinitionStatus{}
	for _, version := range definition.Spec.Versions {
		if version.Storage {
			definition.Status.StoredVersions = append(definition.Status.StoredVersions, version.Name)
			break
		}
	}
	return definition, nil
}

func checkDefinition(question asked) (any, error) {
	definition, err := readDefinition(question.Definition)
	if err != nil {
		return nil, err
	}
	if len(question.Old) == 0 {
		return causesOf(definitionvalidation.ValidateCustomResourceDefinition(context.Background(), definition)), nil
	}
	old, err := readDefinition(question.Old)
	if err != nil {
		return nil, err
	}
	old.ResourceVersion, definition.ResourceVersion = "1", "1"
	old.Status.Conditions = append(old.Status.Conditions, apiextensions.CustomResourceDefinitionCondition{Type: apiextensions.Established, Status: apiextensions.ConditionTrue})
	stored := definition.Status.StoredVersions
	definition.Status = *old.Status.DeepCopy()
	for _, name := range stored {
		if !slices.Contains(definition.Status.StoredVersions, name) {
			definition.Status.StoredVersions = append(definition.Status.StoredVersions, name)
		}
	}
	return causesOf(definitionvalidation.ValidateCustomResourceDefinitionUpdate(context.Background(), definition, old)), nil
}

// customKind is what the server makes of the first version of a definition.
type customKind struct {
	kind         schema.GroupVersionKind
	plural       string
	namespaced   bool
	structural   *structuralschema.Structural
	validator    schemavalidation.SchemaValidator
	statusChecks schemavalidation.SchemaValidator
	rules        *schemacel.Validator
	hasStatus    bool
}

func makeKind(text json.RawMessage) (*customKind, error) {
	definition, err := readDefinition(text)
	if err != nil {
		return nil, err
	}
	spec := definition.Spec
	version := spec.Versions[0]
	validations := spec.Validation
	if version.Schema != nil {
		validations = version.Schema
	}
	subresources := spec.Subresources
	if version.Subresources != nil {
		subresources = version.Subresources
	}
	props := validations.OpenAPIV3Schema
	structural, err := structuralschema.NewStructural(props)
	if err != nil {
		return nil, err
	}
	structural = structural.DeepCopy()
	if err := defaulting.PruneDefaults(structural); err != nil {
		return nil, err
	}
	validator, _, err := schemavalidation.NewSchemaValidator(props)
	if err != nil {
		return nil, err
	}
	result := &customKind{
		kind:       schema.GroupVersionKind{Group: spec.Group, Version: version.Name, Kind: spec.Names.Kind},
		plural:     spec.Names.Plural,
		namespaced: spec.Scope == apiextensions.NamespaceScoped,
		structural: structural,
		validator:  validator,
		hasStatus:  subresources != nil && subresources.Status != nil,
		rules:      schemacel.NewValidator(structural, true, celconfig.PerCallLimit),
	}
	if status, ok := props.Properties["status"]; ok && result.hasStatus {
		if result.statusChecks, _, err = schemavalidation.NewSchemaValidator(&status); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// coerce does with an object what decoding does: unknown fields and nulls go.
func (k *customKind) coerce(object map[string]any) ([]string, error) {
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return nil, err
	}
	kind, version := object["kind"], object["apiVersion"]
	unknown = append(unknown, pruning.PruneWithOptions(object, k.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(object, k.structural)
	failure, paths := objectmeta.CoerceWithOptions(nil, object, k.structural, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if failure != nil {
		return nil, failure
	}
	if kind != nil {
		object["kind"] = kind
	}
	if version != nil {
		object["apiVersion"] = version
	}
	if found {
		if err := objectmeta.SetObjectMeta(object, meta); err != nil {
			return nil, err
		}
	}
	return append(unknown, paths...), nil
}

func (k *customKind) read(text json.RawMessage) (map[string]any, []string, error) {
	object := map[string]any{}
	if err := utiljson.Unmarshal(text, &object); err != nil {
		return nil, nil, err
	}
	unknown, err := k.coerce(object)
	if err != nil {
		return nil, nil, err
	}
	defaulting.Default(object, k.structural)
	return object, unknown, nil
}

type collectedWarnings struct{ texts []string }

func (c *collectedWarnings) AddWarning(_, text string) { c.texts = append(c.texts, text) }

func (k *customKind) check(object, old map[string]any, status bool) (field.ErrorList, []string, int64) {
	warnings := &collectedWarnings{texts: []string{}}
	ctx := warning.WithWarningRecorder(context.Background(), warnings)
	var errs field.ErrorList
	next := &unstructured.Unstructured{Object: object}
	var ruleOptions []schemacel.Option
	if old == nil {
		errs = append(errs, validation.ValidateObjectMetaAccessor(next, k.namespaced, validation.NameIsDNSSubdomain, field.NewPath("metadata"))...)
		errs = append(errs, schemavalidation.ValidateCustomResource(nil, object, k.validator)...)
		errs = append(errs, objectmeta.Validate(nil, object, k.structural, false)...)
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.structural, object)...)
	} else {
		correlated := common.NewCorrelatedObject(object, old, &model.Structural{Structural: k.structural})
		ruleOptions = append(ruleOptions, schemacel.WithRatcheting(correlated))
		errs = append(errs, validation.ValidateObjectMetaAccessorUpdate(next, &unstructured.Unstructured{Object: old}, field.NewPath("metadata"))...)
		if status {
			if value, has := object["status"]; has && k.statusChecks != nil {
				errs = append(errs, schemavalidation.ValidateCustomResourceUpdate(field.NewPath("status"), value, old["status"], k.statusChecks, schemavalidation.WithRatcheting(correlated.Key("status")))...)
			}
		} else {
			errs = append(errs, schemavalidation.ValidateCustomResourceUpdate(nil, object, old, k.validator, schemavalidation.WithRatcheting(correlated))...)
			errs = append(errs, objectmeta.Validate(nil, object, k.structural, false)...)
		}
		if before := listtype.ValidateListSetsAndMaps(nil, k.structural, old); len(before) == 0 {
			errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.structural, object)...)
		}
	}
	left := int64(celconfig.RuntimeCELCostBudget)
	if k.rules != nil {
		if blocked(errs) {
			errs = append(errs, field.Invalid(nil, nil, "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"))
		} else {
			var oldValue any
			if old != nil {
				oldValue = old
			}
			var found field.ErrorList
			found, left = k.rules.Validate(ctx, nil, k.structural, object, oldValue, celconfig.RuntimeCELCostBudget, ruleOptions...)
			errs = append(errs, found...)
		}
	}
	return errs, warnings.texts, int64(celconfig.RuntimeCELCostBudget) - left
}

func blocked(errs field.ErrorList) bool {
	for _, err := range errs {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		}
	}
	return false
}

func checkCustom(question asked) (any, error) {
	kind, err := makeKind(question.Definition)
	if err != nil {
		return nil, err
	}
	object, unknown, err := kind.read(question.Object)
	if err != nil {
		return map[string]any{"unreadable": err.Error()}, nil
	}
	var old map[string]any
	if len(question.Old) > 0 {
		if old, _, err = kind.read(question.Old); err != nil {
			return nil, fmt.Errorf("the old object: %w", err)
		}
	}
	if kind.hasStatus && !question.Status {
		delete(object, "status")
		if value, has := old["status"]; has {
			object["status"] = value
		}
	}
	if question.Status {
		value, has := object["status"]
		object = runtime.DeepCopyJSON(old)
		delete(object, "status")
		if has {
			object["status"] = value
		}
	}
	if old != nil {
		for _, each := range []map[string]any{object, old} {
			(&unstructured.Unstructured{Object: each}).SetResourceVersion("1")
		}
	}
	errs, warnings, cost := kind.check(object, old, question.Status)
	// What is stored is read again, and given its defaults.
	defaulting.Default(object, kind.structural)
	for _, path := range unknown {
		warnings = append(warnings, fmt.Sprintf("unknown field %q", strings.TrimPrefix(path, ".")))
	}
	return map[string]any{"object": object, "causes": causesOf(errs), "warnings": warnings, "cost": cost}, nil
}

type column = apiextensionsv1.CustomResourceColumnDefinition

// fillCells shows an object as a row of a table; each column stands alone, so that one that cannot be read does not hide the others.
func fillCells(question asked) (any, error) {
	object := map[string]any{}
	if err := utiljson.Unmarshal(question.Object, &object); err != nil {
		return nil, err
	}
	cells := make([]any, len(question.Columns))
	for i, each := range question.Columns {
		convertor, err := tableconvertor.New([]column{each})
		if err != nil {
			cells[i] = map[string]any{"error": true}
			continue
		}
		table, err := convertor.ConvertToTable(context.Background(), &unstructured.Unstructured{Object: object}, nil)
		if err != nil {
			return nil, err
		}
		cells[i] = table.Rows[0].Cells[1]
	}
	return cells, nil
}
