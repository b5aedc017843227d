using ComfyServe.Provisioning.CustomWorkers;
using ComfyServe.Provisioning.Git;
using ComfyServe.Testing;

namespace ComfyServe.Provisioning.Tests.CustomWorkers;

public sealed class CustomWorkerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Fetch_Repository_TellsItsCommitAndWhatIsUsedOfIt()
    {
        var commit = MakeRepository("workers/comfyui-json/misc/benchmark.json", "workers/comfyui-json/worker.py");
        var environment = new Dictionary<string, string> { ["PYWORKER_REPO"] = _folder["origin"], ["BACKEND"] = "comfyui-json" };

        var worker = await CustomWorker.FetchAsync(environment.GetValueOrDefault, _folder["clone"], TimeProvider.System, Token);

        Assert.Equal(commit, worker.Commit);
        Assert.Equal(["workers/comfyui-json/misc/benchmark.json"], worker.UsedFiles);
        Assert.Equal("workers/comfyui-json/worker.py", worker.PythonWorker);
        Assert.True(File.Exists(_folder["clone", "workers", "comfyui-json", "misc", "benchmark.json"]));
    }

    [Fact]
    public async Task Fetch_WithReference_ChecksItOutAndFollowsIt()
    {
        var first = MakeRepository("misc/benchmark.json");
        var second = MakeRepository("misc/test_prompts.txt");
        var environment = new Dictionary<string, string> { ["PYWORKER_REPO"] = _folder["origin"], ["PYWORKER_REF"] = first };

        var old = await CustomWorker.FetchAsync(environment.GetValueOrDefault, _folder["clone"], TimeProvider.System, Token);
        environment["PYWORKER_REF"] = second;
        var now = await CustomWorker.FetchAsync(environment.GetValueOrDefault, _folder["clone"], TimeProvider.System, Token);

        Assert.Equal(["misc/benchmark.json"], old.UsedFiles);
        Assert.Equal(["misc/benchmark.json", "misc/test_prompts.txt"], now.UsedFiles);
    }

    [Fact]
    public async Task Fetch_UnknownReference_SaysSo()
    {
        MakeRepository("misc/benchmark.json");
        var environment = new Dictionary<string, string> { ["PYWORKER_REPO"] = _folder["origin"], ["PYWORKER_REF"] = "v9" };

        var error = await Assert.ThrowsAsync<GitException>(() => CustomWorker.FetchAsync(environment.GetValueOrDefault, _folder["clone"], TimeProvider.System, Token));

        Assert.Contains("'v9'", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["clone"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fetch_AnotherRepositoryThanBefore_ClonesItAndKeepsTheOldOneAside(bool oldIsRepository)
    {
        var commit = MakeRepository("misc/benchmark.json");
        if (oldIsRepository)
        {
            Repositories.Commit(_folder["former"], "first", [("mine.py", "old")]);
            await CustomWorker.FetchAsync(new Dictionary<string, string> { ["PYWORKER_REPO"] = _folder["former"] }.GetValueOrDefault, _folder["clone"], TimeProvider.System, Token);
        }
        else
        {
            Directory.CreateDirectory(_folder["clone"]);
        }

        File.WriteAllText(_folder["clone", "mine.py"], "changed by hand");
        var worker = await CustomWorker.FetchAsync(new Dictionary<string, string> { ["PYWORKER_REPO"] = _folder["origin"] }.GetValueOrDefault, _folder["clone"], TimeProvider.System, Token);

        Assert.Equal((commit, _folder["clone"] + ".old-1"), (worker.Commit, worker.FormerClone));
        Assert.Equal("changed by hand", File.ReadAllText(Path.Combine(worker.FormerClone!, "mine.py")));
        Assert.False(File.Exists(_folder["clone", "mine.py"]));
    }

    [Fact]
    public async Task Fetch_AnotherRepositoryThatIsNotThere_LeavesTheOldOne()
    {
        MakeRepository("misc/benchmark.json");
        await CustomWorker.FetchAsync(new Dictionary<string, string> { ["PYWORKER_REPO"] = _folder["origin"] }.GetValueOrDefault, _folder["clone"], TimeProvider.System, Token);

        await Assert.ThrowsAsync<GitException>(() => CustomWorker.FetchAsync(new Dictionary<string, string> { ["PYWORKER_REPO"] = _folder["nowhere"] }.GetValueOrDefault, _folder["clone"], TimeProvider.System, Token));

        Assert.True(File.Exists(_folder["clone", "misc", "benchmark.json"]));
    }

    private string MakeRepository(params string[] files) =>
        Repositories.Commit(_folder["origin"], string.Join(' ', files), [.. files.Select(static f => (f, f))]);
}
