using ComfyServe.Gateway.Providers;
using ComfyServe.Gateway.Providers.Docker;
using Docker.DotNet;

namespace ComfyServe.Gateway.Tests.Providers;

/// <summary>Against a server that answers as Docker's Engine API does: no real Docker host is asked.</summary>
public sealed class DockerProviderTests : ProviderContract, IAsyncLifetime
{
    private readonly DockerProvider _provider;
    private FakeDocker _docker = null!;

    public DockerProviderTests() => _provider = new DockerProvider(host => new DockerClientConfiguration(host ?? _docker.Address).CreateClient());

    private protected override IWorkerProvider Provider => _provider;

    protected override IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string> { ["command"] = Program() };

    public async ValueTask InitializeAsync() => _docker = await FakeDocker.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _docker.DisposeAsync();
        Dispose();
    }

    [Fact]
    public async Task Start_ImageIsNotOnTheHost_IsPulled()
    {
        var order = With(("image", "pictures/worker:2"));

        await Provider.StartAsync(order, Token);

        Assert.Contains("pictures/worker:2", _docker.Images);
        Assert.True(await Provider.RunsAsync(order, Token));
    }

    [Fact]
    public async Task Start_ImageDoesNotExist_SaysWhich()
    {
        var error = await Assert.ThrowsAsync<ProviderFailedException>(() => Provider.StartAsync(With(("image", "unknown")), Token));

        Assert.Contains("pull access denied for unknown", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PublicAddress_GivesEachWorkerAPortOfItsOwn()
    {
        var orders = new[] { With(("public_ip", "192.0.2.7")), With(("public_ip", "192.0.2.7")) };

        foreach (var order in orders)
        {
            await Provider.StartAsync(order, Token);
        }

        Assert.Equal(["31000", "31001"], orders.Select(o => (string)Made(o)["HostConfig"]!["PortBindings"]!["3000/tcp"]![0]!["HostPort"]!));
        Assert.Contains("VAST_TCP_PORT_3000=31001", Made(orders[1])["Env"]!.AsArray().Select(v => (string)v!));
        Assert.Contains("PUBLIC_IPADDR=192.0.2.7", Made(orders[1])["Env"]!.AsArray().Select(v => (string)v!));
    }

    [Theory]
    [InlineData("all", -1)]
    [InlineData("2", 2)]
    public async Task Start_Gpus_AreAskedFor(string gpus, int count)
    {
        var order = With(("gpus", gpus));

        await Provider.StartAsync(order, Token);

        Assert.Equal(count, (int)Made(order)["HostConfig"]!["DeviceRequests"]![0]!["Count"]!);
    }

    [Fact]
    public async Task Runs_NoDockerThere_SaysSo()
    {
        var error = await Assert.ThrowsAsync<ProviderFailedException>(() => Provider.RunsAsync(With(("host", "tcp://127.0.0.1:9")), Token));

        Assert.Contains("Docker says", error.Message, StringComparison.Ordinal);
    }

    private System.Text.Json.Nodes.JsonObject Made(WorkerOrder order) => _docker.Made[$"comfyserve-worker-{order.WorkerId}"];

    private WorkerOrder With(params (string Name, string Value)[] more)
    {
        var settings = new Dictionary<string, string>(Settings);
        foreach (var (name, value) in more)
        {
            settings[name] = value;
        }

        return Order() with { Settings = settings };
    }
}
