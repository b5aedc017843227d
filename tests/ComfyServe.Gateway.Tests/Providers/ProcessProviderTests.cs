using ComfyServe.Gateway.Providers;

namespace ComfyServe.Gateway.Tests.Providers;

public sealed class ProcessProviderTests : ProviderContract
{
    private ProcessProvider? _provider;

    private protected override IWorkerProvider Provider => _provider ??= New();

    protected override IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string> { ["slots"] = "4", ["command"] = Program() };

    [Fact]
    public async Task Runs_AfterTheGatewayWasKilled_FindsTheProcessAgain()
    {
        var order = Order();
        await New().StartAsync(order, Token);
        var later = New();

        var found = await later.RunsAsync(order, Token);
        await later.StopAsync(order, Token);

        Assert.True(found);
        Assert.False(await Provider.RunsAsync(order, Token));
    }

    [Fact]
    public async Task Dispose_RunningWorkers_TakesThemWithIt()
    {
        var order = Order();
        var provider = New();
        await provider.StartAsync(order, Token);

        await provider.DisposeAsync();

        Assert.False(await Provider.RunsAsync(order, Token));
    }

    [Fact]
    public async Task Start_AllSlotsTaken_IsRefused()
    {
        var settings = new Dictionary<string, string> { ["slots"] = "1", ["command"] = Program() };
        var (first, second) = (Order() with { Settings = settings }, Order() with { Settings = settings });
        await Provider.StartAsync(first, Token);

        var error = await Assert.ThrowsAsync<ProviderFailedException>(() => Provider.StartAsync(second, Token));

        Assert.Contains("slots", error.Message, StringComparison.Ordinal);
        await Provider.DestroyAsync(first, Token);
    }

    [Theory]
    [InlineData(new[] { "/opt/comfyserve/comfyserve" }, new[] { "/opt/comfyserve/comfyserve", "stack" })]
    [InlineData(new[] { "/usr/bin/dotnet", "/home/me/clone/artifacts/comfyserve.dll" }, new[] { "/usr/bin/dotnet", "/home/me/clone/artifacts/comfyserve.dll", "stack" })]
    [InlineData(new[] { "/home/me/my-service" }, null)]
    [InlineData(new[] { "/usr/bin/dotnet", "/home/me/my-service.dll" }, null)]
    public void StackProgram_HoweverTheGatewayWasStarted_IsTheSameProgram(string[] own, string[]? program)
    {
        Assert.Equal(program, ProcessProvider.StackProgram(own));
    }

    [Theory]
    [InlineData("a b  c", new[] { "a", "b", "c" })]
    [InlineData("a 'b c' \"d 'e\"", new[] { "a", "b c", "d 'e" })]
    [InlineData("--x='' ", new[] { "--x=" })]
    [InlineData("''", new[] { "" })]
    [InlineData("", new string[0])]
    [InlineData("a 'b", null)]
    public void Split_CommandLine_IsItsWords(string text, string[]? words)
    {
        Assert.Equal(words, CommandWords.Split(text));
    }

    private protected override Task<string> LogAsync(WorkerOrder order) =>
        File.ReadAllTextAsync(Path.Combine(Folder, "data", "workers", $"{order.WorkerId}", "worker.log"), Token);

    private ProcessProvider New() => new(new GatewayOptions { DataDirectory = Path.Combine(Folder, "data") }, TimeProvider.System);
}
