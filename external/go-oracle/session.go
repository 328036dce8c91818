package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/crdserverscheme"
	definitionopenapi "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	jsonserializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/audit"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/endpoints/handlers"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/client-go/applyconfigurations"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// step is one request on the one object of a session.
type step struct {
	Verb        string          `json:"verb"`
	Type        string          `json:"type"`
	Manager     string          `json:"manager"`
	Force       bool            `json:"force"`
	Validation  string          `json:"validation"`
	Subresource string          `json:"subresource"`
	Body        json.RawMessage `json:"body"`
}

// shelf holds the one object of a session, as a storage would.
type shelf struct {
	create  func() runtime.Object
	prepare func(next, old runtime.Object, status bool) error
	// read does what reading from the storage does to an object.
	read     func(stored runtime.Object)
	resource schema.GroupResource
	status   bool
	stored   runtime.Object
	version  *int
}

func (s *shelf) New() runtime.Object { return s.create() }
func (s *shelf) Destroy()            {}

func (s *shelf) Get(context.Context, string, *metav1.GetOptions) (runtime.Object, error) {
	return s.stored.DeepCopyObject(), nil
}

func (s *shelf) keep(next runtime.Object) {
	*s.version++
	accessor, _ := meta.Accessor(next)
	accessor.SetResourceVersion(strconv.Itoa(*s.version))
	if s.read != nil {
		s.read(next)
	}
	s.stored = next.DeepCopyObject()
}

func (s *shelf) Create(_ context.Context, next runtime.Object, validate rest.ValidateObjectFunc, _ *metav1.CreateOptions) (runtime.Object, error) {
	accessor, _ := meta.Accessor(next)
	accessor.SetUID("u")
	accessor.SetCreationTimestamp(metav1.Unix(0, 0))
	if err := s.prepare(next, nil, s.status); err != nil {
		return nil, err
	}
	s.keep(next)
	return next, nil
}

func (s *shelf) Update(ctx context.Context, name string, info rest.UpdatedObjectInfo, create rest.ValidateObjectFunc, _ rest.ValidateObjectUpdateFunc, mayCreate bool, _ *metav1.UpdateOptions) (runtime.Object, bool, error) {
	if s.stored == nil {
		if !mayCreate || s.status {
			return nil, false, apierrors.NewNotFound(s.resource, name)
		}
		next, err := info.UpdatedObject(ctx, s.create())
		if err != nil {
			return nil, false, err
		}
		made, err := s.Create(ctx, next, create, nil)
		return made, true, err
	}
	old := s.stored.DeepCopyObject()
	next, err := info.UpdatedObject(ctx, old.DeepCopyObject())
	if err != nil {
		return nil, false, err
	}
	before, _ := meta.Accessor(old)
	after, _ := meta.Accessor(next)
	after.SetUID(before.GetUID())
	after.SetCreationTimestamp(before.GetCreationTimestamp())
	after.SetGeneration(before.GetGeneration())
	if after.GetResourceVersion() != "" && after.GetResourceVersion() != before.GetResourceVersion() {
		return nil, false, apierrors.NewConflict(s.resource, name, fmt.Errorf("the object has been modified; please apply your changes to the latest version and try again"))
	}
	after.SetResourceVersion(before.GetResourceVersion())
	if err := s.prepare(next, old, s.status); err != nil {
		return nil, false, err
	}
	was, _ := json.Marshal(old)
	is, _ := json.Marshal(next)
	if !bytes.Equal(was, is) {
		s.keep(next)
	}
	return next, false, nil
}

var (
	_ rest.Patcher = &shelf{}
	_ rest.Updater = &shelf{}
	_ rest.Creater = &shelf{}
)

// player carries out the requests of a session with the handlers of the original.
type player struct {
	scope  handlers.RequestScope
	status handlers.RequestScope
	shelf  *shelf
	plural string
	types  []string
}

func (p *player) play(one step) (map[string]any, error) {
	scope, shelf := &p.scope, p.shelf
	shelf.status = one.Subresource == "status"
	if shelf.status {
		scope = &p.status
	}
	query := url.Values{}
	if one.Manager != "" {
		query.Set("fieldManager", one.Manager)
	}
	if one.Force {
		query.Set("force", "true")
	}
	if one.Validation != "" {
		query.Set("fieldValidation", one.Validation)
	}
	name := "a"
	if one.Verb == "create" {
		name = ""
	}
	method := map[string]string{"create": http.MethodPost, "update": http.MethodPut, "patch": http.MethodPatch}[one.Verb]
	body := []byte(one.Body)
	if one.Verb == "update" && shelf.stored != nil {
		// An update follows a read.
		object := map[string]any{}
		if json.Unmarshal(body, &object) == nil {
			if metadata, ok := object["metadata"].(map[string]any); ok {
				accessor, _ := meta.Accessor(shelf.stored)
				metadata["resourceVersion"] = accessor.GetResourceVersion()
				body, _ = json.Marshal(object)
			}
		}
	}
	httpRequest := httptest.NewRequest(method, "/x?"+query.Encode(), bytes.NewReader(body))
	httpRequest.Header.Set("User-Agent", "agent/1")
	if one.Verb == "patch" {
		httpRequest.Header.Set("Content-Type", map[string]string{"json": string(types.JSONPatchType), "merge": string(types.MergePatchType), "strategic": string(types.StrategicMergePatchType), "apply": string(types.ApplyYAMLPatchType)}[one.Type])
	} else {
		httpRequest.Header.Set("Content-Type", "application/json")
	}
	ctx := request.WithRequestInfo(httpRequest.Context(), &request.RequestInfo{IsResourceRequest: true, Namespace: "default", Name: name, Resource: p.plural, Subresource: one.Subresource, APIGroup: scope.Kind.Group, APIVersion: scope.Kind.Version})
	ctx = request.WithUser(audit.WithAuditContext(request.WithNamespace(ctx, "default")), &user.DefaultInfo{Name: "admin"})
	httpRequest = httpRequest.WithContext(ctx)
	recorder := httptest.NewRecorder()
	var handle http.HandlerFunc
	nothing := admission.NewChainHandler()
	switch one.Verb {
	case "create":
		handle = handlers.CreateResource(shelf, scope, nothing)
	case "update":
		handle = handlers.UpdateResource(shelf, scope, nothing)
	default:
		handle = handlers.PatchResource(shelf, scope, nothing, p.types)
	}
	handle(recorder, httpRequest)
	content, _ := io.ReadAll(recorder.Body)
	answer := map[string]any{}
	if err := json.Unmarshal(content, &answer); err != nil {
		return nil, err
	}
	return map[string]any{"code": recorder.Code, "body": answer, "warnings": recorder.Header().Values("Warning")}, nil
}

func playSession(question asked) (any, error) {
	var (
		one *player
		err error
	)
	if len(question.Definition) > 0 {
		one, err = customPlayer(question.Definition)
	} else {
		one, err = builtinPlayer(question.Kind)
	}
	if err != nil {
		return nil, err
	}
	answers := make([]any, len(question.Steps))
	for i, each := range question.Steps {
		if answers[i], err = one.play(each); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

var (
	builtinTypes  = applyconfigurations.NewTypeConverter(clientscheme.Scheme)
	builtinCodecs = serializer.NewCodecFactory(clientscheme.Scheme)
	builtinKinds  = map[string]schema.GroupVersionKind{
		"configmaps":      {Version: "v1", Kind: "ConfigMap"},
		"secrets":         {Version: "v1", Kind: "Secret"},
		"services":        {Version: "v1", Kind: "Service"},
		"pods":            {Version: "v1", Kind: "Pod"},
		"serviceaccounts": {Version: "v1", Kind: "ServiceAccount"},
		"deployments":     {Group: "apps", Version: "v1", Kind: "Deployment"},
	}
)

func builtinPlayer(plural string) (*player, error) {
	kind, ok := builtinKinds[plural]
	if !ok {
		return nil, fmt.Errorf("no kind for %s", plural)
	}
	scheme := clientscheme.Scheme
	version := 0
	result := &player{plural: plural, types: []string{string(types.JSONPatchType), string(types.MergePatchType), string(types.StrategicMergePatchType), string(types.ApplyYAMLPatchType)}}
	result.shelf = &shelf{
		resource: schema.GroupResource{Group: kind.Group, Resource: plural},
		version:  &version,
		create: func() runtime.Object {
			made, _ := scheme.New(kind)
			return made
		},
		prepare: func(next, old runtime.Object, status bool) error { return nil },
	}
	makeScope := func(subresource string, reset map[fieldpath.APIVersion]fieldpath.Filter) (handlers.RequestScope, error) {
		manager, err := managedfields.NewDefaultFieldManager(builtinTypes, scheme, scheme, scheme, kind, kind.GroupVersion(), subresource, reset)
		return handlers.RequestScope{
			Namer:               handlers.ContextBasedNaming{Namer: meta.NewAccessor()},
			Serializer:          builtinCodecs,
			ParameterCodec:      runtime.NewParameterCodec(scheme),
			Creater:             scheme,
			Convertor:           scheme,
			Defaulter:           scheme,
			Typer:               scheme,
			UnsafeConvertor:     runtime.UnsafeObjectConvertor(scheme),
			Authorizer:          authorizerfactory.NewAlwaysAllowAuthorizer(),
			FieldManager:        manager,
			Resource:            kind.GroupVersion().WithResource(plural),
			Kind:                kind,
			Subresource:         subresource,
			MetaGroupVersion:    metav1.SchemeGroupVersion,
			HubGroupVersion:     kind.GroupVersion(),
			MaxRequestBodyBytes: 3 << 20,
		}, err
	}
	var err error
	if result.scope, err = makeScope("", nil); err != nil {
		return nil, err
	}
	return result, nil
}

// customConversion stands for the conversion between versions of a kind that has one.
type customConversion struct{}

func (customConversion) Convert(in, out, _ any) error {
	*out.(*unstructured.Unstructured) = *in.(*unstructured.Unstructured)
	return nil
}

func (customConversion) ConvertToVersion(in runtime.Object, _ runtime.GroupVersioner) (runtime.Object, error) {
	return in, nil
}

func (customConversion) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

type customCreater struct{}

func (customCreater) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	made := &unstructured.Unstructured{}
	made.SetGroupVersionKind(kind)
	return made, nil
}

func (k *customKind) Default(in runtime.Object) {
	if object, ok := in.(*unstructured.Unstructured); ok {
		defaulting.Default(object.Object, k.structural)
	}
}

// customSerializer reads objects as the server for custom resources does.
type customSerializer struct {
	*customKind
	infos []runtime.SerializerInfo
}

func (s customSerializer) SupportedMediaTypes() []runtime.SerializerInfo { return s.infos }

func (s customSerializer) EncoderForVersion(encoder runtime.Encoder, _ runtime.GroupVersioner) runtime.Encoder {
	return encoder
}

func (s customSerializer) DecoderToVersion(decoder runtime.Decoder, _ runtime.GroupVersioner) runtime.Decoder {
	strict := false
	if known, ok := decoder.(*jsonserializer.Serializer); ok {
		strict = known.IsStrict()
	}
	return customDecoder{decoder, s.customKind, strict}
}

type customDecoder struct {
	runtime.Decoder
	kind   *customKind
	strict bool
}

func (d customDecoder) Decode(data []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	object, kind, err := d.Decoder.Decode(data, defaults, into)
	var problems []error
	if err != nil {
		strict, ok := runtime.AsStrictDecodingError(err)
		if !ok || object == nil {
			return nil, kind, err
		}
		problems = strict.Errors()
	}
	if known, ok := object.(*unstructured.Unstructured); ok {
		unknown, err := d.kind.coerce(known.Object)
		if err != nil {
			return nil, kind, err
		}
		for _, path := range unknown {
			problems = append(problems, fmt.Errorf("unknown field %q", path))
		}
		d.kind.Default(known)
	}
	if d.strict && len(problems) > 0 {
		return object, kind, runtime.NewStrictDecodingError(problems)
	}
	return object, kind, nil
}

func customPlayer(definition json.RawMessage) (*player, error) {
	kind, err := makeKind(definition)
	if err != nil {
		return nil, err
	}
	converter, err := kind.typeConverter()
	if err != nil {
		return nil, err
	}
	typer, creater := crdserverscheme.NewUnstructuredObjectTyper(), customCreater{}
	plain := jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, creater, typer, jsonserializer.SerializerOptions{})
	strict := jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, creater, typer, jsonserializer.SerializerOptions{Strict: true})
	yaml := jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, creater, typer, jsonserializer.SerializerOptions{Yaml: true})
	yamlStrict := jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, creater, typer, jsonserializer.SerializerOptions{Yaml: true, Strict: true})
	infos := []runtime.SerializerInfo{
		{MediaType: "application/json", MediaTypeType: "application", MediaTypeSubType: "json", EncodesAsText: true, Serializer: plain, PrettySerializer: plain, StrictSerializer: strict},
		{MediaType: "application/yaml", MediaTypeType: "application", MediaTypeSubType: "yaml", EncodesAsText: true, Serializer: yaml, StrictSerializer: yamlStrict},
	}
	version := 0
	result := &player{plural: kind.plural, types: []string{string(types.JSONPatchType), string(types.MergePatchType), string(types.ApplyYAMLPatchType)}}
	result.shelf = &shelf{
		resource: schema.GroupResource{Group: kind.kind.Group, Resource: kind.plural},
		version:  &version,
		create: func() runtime.Object {
			made, _ := creater.New(kind.kind)
			return made
		},
	}
	result.shelf.prepare = func(next, old runtime.Object, status bool) error {
		object := next.(*unstructured.Unstructured)
		var before map[string]any
		if old != nil {
			before = old.(*unstructured.Unstructured).Object
		}
		if kind.hasStatus && !status {
			delete(object.Object, "status")
			if value, has := before["status"]; has {
				object.Object["status"] = value
			}
		}
		if status {
			fields := object.GetManagedFields()
			value, has := object.Object["status"]
			object.Object = runtime.DeepCopyJSON(before)
			object.SetManagedFields(fields)
			delete(object.Object, "status")
			if has {
				object.Object["status"] = value
			}
		}
		if errs, _, _ := kind.check(object.Object, before, status); len(errs) > 0 {
			return apierrors.NewInvalid(kind.kind.GroupKind(), object.GetName(), errs)
		}
		return nil
	}
	result.shelf.read = func(stored runtime.Object) {
		object := stored.(*unstructured.Unstructured)
		_, _ = kind.coerce(object.Object)
		kind.Default(object)
	}
	makeScope := func(subresource string, reset *fieldpath.Set) (handlers.RequestScope, error) {
		filters := map[fieldpath.APIVersion]fieldpath.Filter(nil)
		if reset != nil {
			filters = fieldpath.NewExcludeFilterSetMap(map[fieldpath.APIVersion]*fieldpath.Set{fieldpath.APIVersion(kind.kind.GroupVersion().String()): reset})
		}
		manager, err := managedfields.NewDefaultCRDFieldManager(converter, customConversion{}, kind, creater, kind.kind, kind.kind.GroupVersion(), subresource, filters)
		return handlers.RequestScope{
			Namer:               handlers.ContextBasedNaming{Namer: meta.NewAccessor()},
			Serializer:          customSerializer{kind, infos},
			StandardSerializers: infos,
			ParameterCodec:      metav1.ParameterCodec,
			Creater:             creater,
			Convertor:           customConversion{},
			Defaulter:           kind,
			Typer:               typer,
			UnsafeConvertor:     customConversion{},
			Authorizer:          authorizerfactory.NewAlwaysAllowAuthorizer(),
			FieldManager:        manager,
			Resource:            kind.kind.GroupVersion().WithResource(kind.plural),
			Kind:                kind.kind,
			Subresource:         subresource,
			MetaGroupVersion:    metav1.SchemeGroupVersion,
			HubGroupVersion:     kind.kind.GroupVersion(),
			MaxRequestBodyBytes: 3 << 20,
		}, err
	}
	var own *fieldpath.Set
	if kind.hasStatus {
		own = fieldpath.NewSet(fieldpath.MakePathOrDie("status"))
	}
	if result.scope, err = makeScope("", own); err != nil {
		return nil, err
	}
	result.status, err = makeScope("status", fieldpath.NewSet(
		fieldpath.MakePathOrDie("metadata"), fieldpath.MakePathOrDie("spec")))
	return result, err
}

// typeConverter gives types to the fields of objects: the schema's own, and those of their metadata.
func (k *customKind) typeConverter() (managedfields.TypeConverter, error) {
	const prefix = "#/definitions/"
	definitions := definitionopenapi.GetOpenAPIDefinitions(func(path string) spec.Ref { return spec.MustCreateRef(prefix + path) })
	models := map[string]*spec.Schema{}
	var collect func(definition common.OpenAPIDefinition, name string)
	collect = func(definition common.OpenAPIDefinition, name string) {
		if _, done := models[name]; done {
			return
		}
		found := definition.Schema
		models[name] = &found
		for _, dependency := range definition.Dependencies {
			collect(definitions[dependency], dependency)
		}
	}
	metadata := metav1.ObjectMeta{}.OpenAPIModelName()
	collect(definitions[metadata], metadata)
	root := k.structural.DeepCopy()
	own := root.ToKubeOpenAPI()
	if own.Properties == nil {
		own.Properties = map[string]spec.Schema{}
	}
	own.Properties["metadata"] = spec.Schema{SchemaProps: spec.SchemaProps{Ref: spec.MustCreateRef(prefix + metadata)}}
	own.Properties["apiVersion"] = *spec.StringProperty()
	own.Properties["kind"] = *spec.StringProperty()
	own.AddExtension("x-kubernetes-group-version-kind", []any{map[string]any{"group": k.kind.Group, "version": k.kind.Version, "kind": k.kind.Kind}})
	models["custom"] = own
	return managedfields.NewTypeConverter(models, false)
}
