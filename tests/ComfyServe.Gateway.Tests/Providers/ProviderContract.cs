using ComfyServe.Gateway.Providers;

namespace ComfyServe.Gateway.Tests.Providers;

/// <summary>What every provider that makes workers must do, whatever it makes them of.</summary>
public abstract class ProviderContract : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("comfyserve-provider-").FullName;
    private long _lastId;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected string Folder => _folder;

    private protected abstract IWorkerProvider Provider { get; }

    /// <summary>Settings under which a worker writes <c>started ID</c> into the file that the variable MARKS names, and runs until it is stopped.</summary>
    protected abstract IReadOnlyDictionary<string, string> Settings { get; }

    [Fact]
    public async Task Start_NewWorker_RunsWithItsVariables()
    {
        var order = Order();

        await Provider.StartAsync(order, Token);

        Assert.True(await Provider.RunsAsync(order, Token));
        await SeenAsync($"started {order.WorkerId} {order.Token} {order.ReportAddress}");
        await Provider.DestroyAsync(order, Token);
    }

    [Fact]
    public async Task Start_Twice_IsOneWorker()
    {
        var order = Order();

        await Provider.StartAsync(order, Token);
        await SeenAsync($"started {order.WorkerId}");
        await Provider.StartAsync(order, Token);

        Assert.True(await Provider.RunsAsync(order, Token));
        Assert.Single(Marks());
        await Provider.DestroyAsync(order, Token);
    }

    [Fact]
    public async Task Stop_RunningWorker_StopsItAndItCanBeStartedAgain()
    {
        var order = Order();
        await Provider.StartAsync(order, Token);

        await Provider.StopAsync(order, Token);
        var stopped = await Provider.RunsAsync(order, Token);
        await Provider.StopAsync(order, Token);
        await Provider.StartAsync(order, Token);

        Assert.False(stopped);
        Assert.True(await Provider.RunsAsync(order, Token));
        await Provider.DestroyAsync(order, Token);
    }

    [Fact]
    public async Task Destroy_RunningStoppedOrUnknownWorker_LeavesNothing()
    {
        var (running, stopped, unknown) = (Order(), Order(), Order());
        await Provider.StartAsync(running, Token);
        await Provider.StartAsync(stopped, Token);
        await Provider.StopAsync(stopped, Token);

        foreach (var order in new[] { running, stopped, unknown, running })
        {
            await Provider.DestroyAsync(order, Token);
            Assert.False(await Provider.RunsAsync(order, Token));
        }
    }

    [Fact]
    public async Task Start_ProgramThatDoesNotExist_SaysWhich()
    {
        var order = Order() with { Settings = new Dictionary<string, string> { ["command"] = "/does/not/exist" } };

        var error = await Record.ExceptionAsync(async () =>
        {
            await Provider.StartAsync(order, Token);
            for (var i = 0; i < 100 && await Provider.RunsAsync(order, Token); i++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), Token);
            }

            if (!await Provider.RunsAsync(order, Token))
            {
                throw new ProviderFailedException(await LogAsync(order));
            }
        });

        Assert.Contains("/does/not/exist", Assert.IsType<ProviderFailedException>(error).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mistakes_WrongSettings_AreAllNamed()
    {
        var mistakes = Provider.Mistakes(new Dictionary<string, string> { ["slots"] = "many", ["command"] = "'" });

        Assert.Equal(2, mistakes.Count);
        Assert.Empty(Provider.Mistakes(Settings));
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private protected WorkerOrder Order() => new()
    {
        WorkerId = ++_lastId,
        Token = $"token{_lastId}",
        Endpoint = "e",
        GroupId = 1,
        ReportAddress = "http://gateway",
        Settings = Settings,
    };

    /// <summary>A program that marks its start and runs until it is asked to end.</summary>
    protected string Program()
    {
        var path = Path.Combine(_folder, "worker.sh");
        File.WriteAllText(path, $"#!/bin/sh\necho \"started $CONTAINER_ID $MASTER_TOKEN $REPORT_ADDR\" >> {_folder}/marks\ntrap 'exit 0' TERM\nwhile :; do sleep 0.05; done\n");
        return "sh " + path;
    }

    private protected virtual Task<string> LogAsync(WorkerOrder order) => Task.FromResult("");

    private string[] Marks() => File.Exists(Path.Combine(_folder, "marks")) ? File.ReadAllLines(Path.Combine(_folder, "marks")) : [];

    private async Task SeenAsync(string start)
    {
        for (var i = 0; i < 250 && !Marks().Any(m => m.StartsWith(start, StringComparison.Ordinal)); i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Token);
        }

        Assert.Contains(Marks(), m => m.StartsWith(start, StringComparison.Ordinal));
    }
}
