// A controller as most Go controllers are built: shared informers over protobuf, a rate limited work queue and leader election on a Lease.
// It writes the number of keys of every config map labelled "count=true" into an annotation, prints one line for each thing it did, and ends
// after as many as the environment says.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/retry"
	"k8s.io/client-go/util/workqueue"
)

const annotation = "example.com/keys"

func main() {
	config := &rest.Config{
		Host:            os.Getenv("SERVER"),
		BearerToken:     os.Getenv("TOKEN"),
		TLSClientConfig: rest.TLSClientConfig{Insecure: true},
		ContentConfig:   rest.ContentConfig{ContentType: "application/vnd.kubernetes.protobuf", AcceptContentTypes: "application/vnd.kubernetes.protobuf,application/json"},
	}
	client, err := kubernetes.NewForConfig(config)
	exitOn(err)
	actionsMax, err := strconv.Atoi(os.Getenv("ACTIONS"))
	exitOn(err)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	lock := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: "default", Name: "go-controller"},
		Client:     client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: "go-controller-1"},
	}
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock:            lock,
		ReleaseOnCancel: true,
		LeaseDuration:   4 * time.Second,
		RenewDeadline:   3 * time.Second,
		RetryPeriod:     500 * time.Millisecond,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				fmt.Println("leading")
				run(ctx, client, actionsMax)
				cancel()
			},
			OnStoppedLeading: func() { fmt.Println("stopped") },
		},
	})
}

func run(ctx context.Context, client kubernetes.Interface, actionsMax int) {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.LabelSelector = "count=true"
	}))
	informer := factory.Core().V1().ConfigMaps()
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[cache.ObjectName]())
	enqueue := func(object any) {
		name, err := cache.DeletionHandlingObjectToName(object)
		exitOn(err)
		queue.Add(name)
	}
	_, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, object any) { enqueue(object) },
		DeleteFunc: enqueue,
	})
	exitOn(err)
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.Informer().HasSynced) {
		exitOn(fmt.Errorf("the informer did not synchronise"))
	}
	fmt.Println("synchronised")
	seen := map[cache.ObjectName]bool{}
	for actions := 0; actions < actionsMax; {
		name, shutdown := queue.Get()
		if shutdown {
			return
		}
		object, err := informer.Lister().ConfigMaps(name.Namespace).Get(name.Name)
		if err != nil {
			if seen[name] {
				fmt.Println("deleted", name.Name)
				actions++
			}
		} else if want := strconv.Itoa(len(object.Data)); object.Annotations[annotation] != want {
			exitOn(annotate(ctx, client, object, want))
			seen[name] = true
			fmt.Println("annotated", name.Name, want)
			actions++
		}
		queue.Forget(name)
		queue.Done(name)
	}
}

// annotate updates the object for an odd number of keys and patches it for an even one.
func annotate(ctx context.Context, client kubernetes.Interface, object *corev1.ConfigMap, keys string) error {
	configMaps := client.CoreV1().ConfigMaps(object.Namespace)
	if len(object.Data)%2 == 0 {
		patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, annotation, keys)
		_, err := configMaps.Patch(ctx, object.Name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
		return err
	}
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		current, err := configMaps.Get(ctx, object.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if current.Annotations == nil {
			current.Annotations = map[string]string{}
		}
		current.Annotations[annotation] = keys
		_, err = configMaps.Update(ctx, current, metav1.UpdateOptions{})
		return err
	})
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
