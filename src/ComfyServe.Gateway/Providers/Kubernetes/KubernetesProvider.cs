using System.Globalization;
using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace ComfyServe.Gateway.Providers.Kubernetes;

/// <summary>
/// Workers as pods of a cluster: each is a deployment of one pod, a secret with its variables and, with <c>storage</c>, a claim
/// for its data. A stopped worker is a deployment of no pods; secret and claim stay until it is destroyed.
/// </summary>
/// <param name="connect">Opens the cluster.</param>
internal sealed class KubernetesProvider(Func<IKubernetes> connect) : IWorkerProvider
{
    private const string Storage = "storage";
    private const string IdLabel = "comfyserve/worker";
    private const string Claim = "data";
    private const int WorkerPort = 3000;
    private const int User = 1654;
    private static readonly string[] Names = ["image", "command", "slots", "gpus", "gpu_resource", "namespace", Storage];

    /// <summary>What a pod waits for that will not come by itself.</summary>
    private static readonly HashSet<string> Hopeless = new(StringComparer.Ordinal)
    {
        "CrashLoopBackOff", "RunContainerError", "CreateContainerError", "CreateContainerConfigError", "ErrImagePull", "ImagePullBackOff", "InvalidImageName",
    };

    /// <inheritdoc/>
    public string Name => "kubernetes";

    /// <summary>Opens the cluster that this process runs in, else the one of the kubeconfig file.</summary>
    public static IKubernetes Connect() => new k8s.Kubernetes(
        KubernetesClientConfiguration.IsInCluster() ? KubernetesClientConfiguration.InClusterConfig() : KubernetesClientConfiguration.BuildDefaultConfig());

    /// <inheritdoc/>
    public int Slots(IReadOnlyDictionary<string, string> settings) => ProviderSettings.Count(settings, "slots", 1);

    /// <inheritdoc/>
    public IReadOnlyList<string> Mistakes(IReadOnlyDictionary<string, string> settings) =>
    [
        .. ProviderSettings.Unknown(settings, Name, Names),
        .. ProviderSettings.WrongCount(settings, "slots", 1, 10_000),
        .. ProviderSettings.WrongCount(settings, "gpus", 0, 64),
        .. ProviderSettings.WrongWords(settings),
    ];

    /// <inheritdoc/>
    public Task StartAsync(WorkerOrder order, CancellationToken cancellationToken) => AskAsync(order, "started", async cluster =>
    {
        var space = SpaceOf(order);
        await PutSecretAsync(cluster, order, cancellationToken);
        if (order.Settings.ContainsKey(Storage))
        {
            await UnlessAsync(HttpStatusCode.Conflict, () => cluster.CoreV1.CreateNamespacedPersistentVolumeClaimAsync(ClaimOf(order), space, cancellationToken: cancellationToken));
        }

        if (await UnlessAsync(HttpStatusCode.Conflict, () => cluster.AppsV1.CreateNamespacedDeploymentAsync(DeploymentOf(order), space, cancellationToken: cancellationToken)) is null)
        {
            await ScaleAsync(cluster, order, 1, cancellationToken);
        }
    });

    /// <inheritdoc/>
    public Task StopAsync(WorkerOrder order, CancellationToken cancellationToken) =>
        AskAsync(order, "stopped", cluster => ScaleAsync(cluster, order, 0, cancellationToken));

    /// <inheritdoc/>
    public Task DestroyAsync(WorkerOrder order, CancellationToken cancellationToken) => AskAsync(order, "destroyed", async cluster =>
    {
        var (name, space) = (NameOf(order), SpaceOf(order));
        var whole = new V1DeleteOptions { PropagationPolicy = "Foreground" };
        await UnlessAsync(HttpStatusCode.NotFound, () => cluster.AppsV1.DeleteNamespacedDeploymentAsync(name, space, whole, cancellationToken: cancellationToken));
        await UnlessAsync(HttpStatusCode.NotFound, () => cluster.CoreV1.DeleteNamespacedSecretAsync(name, space, cancellationToken: cancellationToken));
        await UnlessAsync(HttpStatusCode.NotFound, () => cluster.CoreV1.DeleteNamespacedPersistentVolumeClaimAsync(name, space, cancellationToken: cancellationToken));
    });

    /// <inheritdoc/>
    public async Task<bool> RunsAsync(WorkerOrder order, CancellationToken cancellationToken)
    {
        var runs = false;
        await AskAsync(order, "looked at", async cluster =>
        {
            var space = SpaceOf(order);
            var deployment = await UnlessAsync(HttpStatusCode.NotFound, () => cluster.AppsV1.ReadNamespacedDeploymentAsync(NameOf(order), space, cancellationToken: cancellationToken));
            runs = deployment is { Metadata.DeletionTimestamp: null, Spec.Replicas: > 0 };
            if (runs)
            {
                var pods = await cluster.CoreV1.ListNamespacedPodAsync(space, labelSelector: $"{IdLabel}={order.WorkerId}", cancellationToken: cancellationToken);
                ThrowIfHopeless(order, pods);
            }
        });
        return runs;
    }

    private static string NameOf(WorkerOrder order) => $"comfyserve-worker-{order.WorkerId.ToString(CultureInfo.InvariantCulture)}";

    private static string SpaceOf(WorkerOrder order) => ProviderSettings.Text(order.Settings, "namespace", "default");

    private async Task AskAsync(WorkerOrder order, string what, Func<IKubernetes, Task> ask)
    {
        try
        {
            using var cluster = connect();
            await ask(cluster);
        }
        catch (HttpOperationException error)
        {
            throw new ProviderFailedException($"worker {order.WorkerId} could not be {what}: the cluster says: {error.Response.Content}", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or k8s.Exceptions.KubeConfigException)
        {
            throw new ProviderFailedException($"worker {order.WorkerId} could not be {what}: {error.Message}", error);
        }
    }

    /// <summary>A call's result, or null where the cluster answers with a status that means it is done already.</summary>
    private static async Task<T?> UnlessAsync<T>(HttpStatusCode status, Func<Task<T>> call)
        where T : class
    {
        try
        {
            return await call();
        }
        catch (HttpOperationException error) when (error.Response.StatusCode == status)
        {
            return null;
        }
    }

    private static Task<V1Deployment?> ScaleAsync(IKubernetes cluster, WorkerOrder order, int replicas, CancellationToken cancellationToken)
    {
        var patch = new V1Patch(new V1Deployment { Spec = new V1DeploymentSpec { Replicas = replicas } }, V1Patch.PatchType.MergePatch);
        return UnlessAsync(HttpStatusCode.NotFound, () => cluster.AppsV1.PatchNamespacedDeploymentAsync(patch, NameOf(order), SpaceOf(order), cancellationToken: cancellationToken));
    }

    private static async Task PutSecretAsync(IKubernetes cluster, WorkerOrder order, CancellationToken cancellationToken)
    {
        var (name, space) = (NameOf(order), SpaceOf(order));
        var secret = new V1Secret { Metadata = Meta(order), StringData = new Dictionary<string, string>(order.Variables) };
        if (await UnlessAsync(HttpStatusCode.Conflict, () => cluster.CoreV1.CreateNamespacedSecretAsync(secret, space, cancellationToken: cancellationToken)) is null)
        {
            await cluster.CoreV1.ReplaceNamespacedSecretAsync(secret, name, space, cancellationToken: cancellationToken);
        }
    }

    private static V1ObjectMeta Meta(WorkerOrder order) => new()
    {
        Name = NameOf(order),
        Labels = new Dictionary<string, string>
        {
            ["app.kubernetes.io/name"] = "comfyserve",
            ["app.kubernetes.io/component"] = "worker",
            [IdLabel] = order.WorkerId.ToString(CultureInfo.InvariantCulture),
        },
    };

    private static V1PersistentVolumeClaim ClaimOf(WorkerOrder order) => new()
    {
        Metadata = Meta(order),
        Spec = new V1PersistentVolumeClaimSpec
        {
            AccessModes = ["ReadWriteOnce"],
            Resources = new V1VolumeResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { [Storage] = new(order.Settings[Storage]) } },
        },
    };

    private static V1Deployment DeploymentOf(WorkerOrder order)
    {
        var meta = Meta(order);
        return new V1Deployment
        {
            Metadata = meta,
            Spec = new V1DeploymentSpec
            {
                Replicas = 1,
                Strategy = new V1DeploymentStrategy { Type = "Recreate" }, // two pods of one worker would both report
                Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { [IdLabel] = meta.Labels[IdLabel] } },
                Template = new V1PodTemplateSpec { Metadata = new V1ObjectMeta { Labels = meta.Labels }, Spec = PodOf(order) },
            },
        };
    }

    private static V1PodSpec PodOf(WorkerOrder order)
    {
        var settings = order.Settings;
        var own = settings.TryGetValue("command", out var command) ? CommandWords.Split(command)! : null;
        var gpus = ProviderSettings.Count(settings, "gpus", 0);
        return new V1PodSpec
        {
            AutomountServiceAccountToken = false,
            TerminationGracePeriodSeconds = 60,
            SecurityContext = new V1PodSecurityContext { RunAsNonRoot = true, RunAsUser = User, RunAsGroup = User, FsGroup = User },
            Containers =
            [
                new V1Container
                {
                    Name = "worker",
                    Image = ProviderSettings.Text(settings, "image", "comfyserve"),
                    Command = own is null ? null : [own[0]],
                    Args = [.. own is null ? ["stack"] : own.Skip(1), .. ProviderSettings.Arguments(order)],
                    EnvFrom = [new V1EnvFromSource { SecretRef = new V1SecretEnvSource { Name = NameOf(order) } }],
                    Env =
                    [
                        new V1EnvVar { Name = "WORKER_PORT", Value = WorkerPort.ToString(CultureInfo.InvariantCulture) },
                        new V1EnvVar { Name = "WORKER_HOST", Value = "0.0.0.0" },
                        new V1EnvVar { Name = "PUBLIC_IPADDR", ValueFrom = new V1EnvVarSource { FieldRef = new V1ObjectFieldSelector { FieldPath = "status.podIP" } } },
                    ],
                    Ports = [new V1ContainerPort { ContainerPort = WorkerPort, Name = "worker" }],
                    SecurityContext = new V1SecurityContext { AllowPrivilegeEscalation = false, Capabilities = new V1Capabilities { Drop = ["ALL"] } },
                    Resources = gpus == 0 ? null : new V1ResourceRequirements
                    {
                        Limits = new Dictionary<string, ResourceQuantity>
                        {
                            [ProviderSettings.Text(settings, "gpu_resource", "nvidia.com/gpu")] = new(gpus.ToString(CultureInfo.InvariantCulture)),
                        },
                    },
                    VolumeMounts = [new V1VolumeMount { Name = Claim, MountPath = "/data" }],
                },
            ],
            Volumes =
            [
                settings.ContainsKey(Storage)
                    ? new V1Volume { Name = Claim, PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = NameOf(order) } }
                    : new V1Volume { Name = Claim, EmptyDir = new V1EmptyDirVolumeSource() },
            ],
        };
    }

    private static void ThrowIfHopeless(WorkerOrder order, V1PodList pods)
    {
        var waiting = pods.Items.SelectMany(p => p.Status?.ContainerStatuses ?? []).Select(c => c.State?.Waiting).FirstOrDefault(w => w is not null && Hopeless.Contains(w.Reason));
        if (waiting is not null)
        {
            throw new ProviderFailedException($"worker {order.WorkerId} does not start: {waiting.Reason}: {waiting.Message}");
        }
    }
}
