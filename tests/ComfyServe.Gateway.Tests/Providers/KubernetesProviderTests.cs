using ComfyServe.Gateway.Providers;
using ComfyServe.Gateway.Providers.Kubernetes;
using k8s;

namespace ComfyServe.Gateway.Tests.Providers;

/// <summary>Against a server that answers as Kubernetes' API does: no real cluster is asked.</summary>
public sealed class KubernetesProviderTests : ProviderContract, IAsyncLifetime
{
    private readonly KubernetesProvider _provider;
    private FakeCluster _cluster = null!;

    public KubernetesProviderTests() => _provider = new KubernetesProvider(() => new Kubernetes(new KubernetesClientConfiguration { Host = _cluster.Address }));

    private protected override IWorkerProvider Provider => _provider;

    protected override IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string> { ["command"] = Program() };

    public async ValueTask InitializeAsync() => _cluster = await FakeCluster.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Dispose();
    }

    [Fact]
    public async Task Start_Variables_AreInASecretAndNotInTheDeployment()
    {
        var order = Order();

        await Provider.StartAsync(order, Token);

        Assert.Equal(order.Token, (string?)_cluster.Objects[$"secrets/{Name(order)}"]["stringData"]!["MASTER_TOKEN"]);
        Assert.DoesNotContain(order.Token, _cluster.Objects[$"deployments/{Name(order)}"].ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Destroy_WorkerWithStorage_TakesClaimAndSecretWithIt()
    {
        var order = Order() with { Settings = new Dictionary<string, string>(Settings) { ["storage"] = "20Gi", ["gpus"] = "1" } };
        await Provider.StartAsync(order, Token);
        var claim = _cluster.Objects[$"persistentvolumeclaims/{Name(order)}"];
        var limits = _cluster.Objects[$"deployments/{Name(order)}"]["spec"]!["template"]!["spec"]!["containers"]![0]!["resources"]!["limits"]!;

        await Provider.StopAsync(order, Token);
        var kept = _cluster.Objects.Count;
        await Provider.DestroyAsync(order, Token);

        Assert.Equal("20Gi", (string?)claim["spec"]!["resources"]!["requests"]!["storage"]);
        Assert.Equal("1", (string?)limits["nvidia.com/gpu"]);
        Assert.Equal(3, kept);
        Assert.Empty(_cluster.Objects);
    }

    [Fact]
    public async Task Start_NoClusterThere_SaysSo()
    {
        var provider = new KubernetesProvider(() => new Kubernetes(new KubernetesClientConfiguration { Host = "http://127.0.0.1:9" }));

        var error = await Assert.ThrowsAsync<ProviderFailedException>(() => provider.StartAsync(Order(), Token));

        Assert.Contains("could not be started", error.Message, StringComparison.Ordinal);
    }

    private static string Name(WorkerOrder order) => $"comfyserve-worker-{order.WorkerId}";
}
