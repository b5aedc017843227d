using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>Roles started in a folder with much below it, as <c>/</c> is, where systemd starts services.</summary>
public sealed class LargeFolderTests : IDisposable
{
    private const int Subfolders = 20_000;

    // Two servers of one process may each watch a file or so; what is below the working folder is in the thousands.
    private const int Few = 20;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-large-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Start_FolderOfManySubfolders_NoRoleWatchesThem()
    {
        var large = _folder.CreateSubdirectory("large");
        for (var i = 0; i < Subfolders; i++)
        {
            large.CreateSubdirectory($"{i / 200}/{i}");
        }

        var watches = await Task.WhenAll(Roles().Select(async role => (role.Name, Count: await WatchesAsync(role.Name, role.Arguments, large.FullName))));

        Assert.All(watches, w => Assert.True(w.Count <= Few, $"'{w.Name}' watches {w.Count} files and folders"));
    }

    private IEnumerable<(string Name, string[] Arguments)> Roles()
    {
        yield return ("engine", ["--port", "0", "--data", Data("engine")]);
        yield return ("api", ["--port", "0", "--engine", "http://127.0.0.1:9", "--data", Data("api")]);
        yield return ("worker", ["--port", "0"]);
        yield return ("gateway", ["--port", "0", "--data", Data("gateway")]);
        yield return ("up", ["--engine-port", "0", "--api-port", "0", "--gateway-port", "0", "--worker-port", "0", "--data", Data("up")]);
        yield return ("stack", ["--folder", Data("stack"), "--data", Data("stack")]);
    }

    private string Data(string role) => Path.Combine(_folder.FullName, "data", role);

    private static async Task<int> WatchesAsync(string role, string[] arguments, string folder)
    {
        var identity = new Dictionary<string, string> { ["CONTAINER_ID"] = "1", ["MASTER_TOKEN"] = "token", ["REPORT_ADDR"] = "http://127.0.0.1:9", ["WORKER_PORT"] = "0" };
        await using var process = ComfyServeProcess.Start([role, .. arguments], identity, folder: folder);
        await process.ReadyAsync(Cancellation);
        return ProcessTree.Watches(process.Id);
    }
}
