using ComfyServe.Provisioning.Downloads;
using ComfyServe.Provisioning.Running;
using ComfyServe.Provisioning.Tests.Downloads;
using ComfyServe.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ComfyServe.Provisioning.Tests.Running;

public sealed class ProvisionerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _environment = [];

    private string Data => _folder["data"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_TenFilesOfABadServer_AllRightAndASecondRunFetchesNothing()
    {
        var files = BadFiles();
        await using var server = await FaultyFileServer.StartAsync(files);
        var manifest = Manifest(server, files);

        var first = await RunAsync(manifest);
        var requests = server.Requests.Count;
        var second = await RunAsync(manifest);

        Assert.True(first.Succeeded, first.Reason);
        Assert.All(files, f => Assert.Equal(f.Content, File.ReadAllBytes(Model(f.Name))));
        Assert.Equal(files.Select(f => f.Name).Order(), Directory.GetFiles(Path.Combine(Data, "models", "loras")).Select(Path.GetFileName).Order());
        Assert.True(first.BytesResumed > 0);
        Assert.All(second.Steps, s => Assert.Equal(StepOutcome.AlreadyRight, s.Outcome));
        Assert.Equal(requests, server.Requests.Count);
    }

    [Fact(Timeout = 60_000)]
    public async Task Run_KilledInTheMiddle_StartsAgainAndIsRight()
    {
        var files = BadFiles();
        var slow = ServedFile.Random("slow", 1_000_000, 99);
        slow.Stall = new TaskCompletionSource();
        await using var server = await FaultyFileServer.StartAsync([.. files, slow]);
        var manifest = Manifest(server, [.. files, slow]);
        using var killed = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var half = new Watcher(p => p is { Name: "slow", Received: >= 400_000 }, killed.Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(manifest, progress: half, cancellationToken: killed.Token));
        Assert.False(File.Exists(Model("slow")));
        slow.Stall = null;

        var report = await RunAsync(manifest);

        Assert.True(report.Succeeded, report.Reason);
        Assert.All([.. files, slow], f => Assert.Equal(f.Content, File.ReadAllBytes(Model(f.Name))));
        Assert.True(report.BytesResumed >= 400_000);
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(Data, "models", "loras")).Select(Path.GetFileName), n => n!.StartsWith('.'));
    }

    [Fact]
    public async Task Run_SeveralFailures_TellsAllOfThemAndRunsNoCommand()
    {
        var right = ServedFile.Random("right", 1000, 1);
        await using var server = await FaultyFileServer.StartAsync(right, ServedFile.Random("other", 1000, 2));
        var report = await RunAsync(
            $"""
            models:
              - url: {server.Url("missing")}?token=hush
                to: loras/missing
              - url: {server.Url("other")}
                to: loras/other
                sha256: {right.Sha256}
              - url: {server.Url("right")}
                to: loras/right
            nodes:
              - git: {_folder["no-repository"]}
                commit: 0123456789abcdef0123456789abcdef01234567
                to: pack
            commands:
              - run: touch {_folder["ran"]}
            """);

        Assert.False(report.Succeeded);
        var lines = report.Reason!.Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Contains(lines, l => l.Contains("404", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("SHA-256", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("no-repository", StringComparison.Ordinal));
        Assert.DoesNotContain("hush", report.Reason, StringComparison.Ordinal);
        Assert.True(File.Exists(Model("right")));
        Assert.Equal(StepOutcome.NotTried, report.Steps[^1].Outcome);
        Assert.False(File.Exists(_folder["ran"]));
    }

    [Fact]
    public async Task Run_ManifestWithMistakes_DoesNothing()
    {
        var report = await RunAsync("files:\n  - to: a\n    content: x\n  - to: b\n");

        Assert.False(report.Succeeded);
        Assert.Contains(":4:", report.Reason, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task Run_ManifestIsNotThere_SaysSo()
    {
        await using var server = await FaultyFileServer.StartAsync();
        _environment["PROVISIONING_MANIFEST"] = server.Url("manifest.yaml").AbsoluteUri;

        var report = await RunAsync(null);

        Assert.Contains("404", report.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ScriptChangedBehindItsUrl_RunsAgainAndOnlyThen()
    {
        var script = Script($"echo one >> {_folder["out"]}\r\n");
        await using var server = await FaultyFileServer.StartAsync(script);
        _environment["PROVISIONING_SCRIPT"] = server.Url("setup.sh").AbsoluteUri;

        await RunAsync(null);
        await RunAsync(null);
        script.Content = System.Text.Encoding.UTF8.GetBytes($"echo two >> {_folder["out"]}\n");
        var report = await RunAsync(null);

        Assert.True(report.Succeeded, report.Reason);
        Assert.Equal(["one", "two"], File.ReadAllLines(_folder["out"]));
    }

    [Fact]
    public async Task Run_CommandFails_ReasonHasItsLastLinesAndNoSecret()
    {
        var report = await RunAsync(
            """
            env:
              MY_TOKEN: very-secret-value
            commands:
              - run: echo "cannot find the disk with $MY_TOKEN" >&2; exit 3
            """);

        Assert.Contains("exit code 3", report.Reason, StringComparison.Ordinal);
        Assert.Contains("cannot find the disk with ***", report.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("very-secret-value", File.ReadAllText(Path.Combine(Data, ".provisioning", "provisioning.log")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_CommandHangs_IsKilledWithWhatItStarted()
    {
        var report = await RunAsync(
            $"""
            commands:
              - run: (sleep 60; touch {_folder["late"]}) & wait
                timeout: 1s
            """);

        Assert.Contains("was killed", report.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Command_RunsOnceAndAgainWithForce()
    {
        var manifest = $"commands:\n  - run: echo x >> {_folder["out"]}\n";

        await RunAsync(manifest);
        await RunAsync(manifest);
        await RunAsync(manifest, force: true);

        Assert.Equal(2, File.ReadAllLines(_folder["out"]).Length);
    }

    [Fact]
    public async Task Run_CheckOnly_TellsAndChangesNothing()
    {
        var file = ServedFile.Random("model", 1000, 1);
        await using var server = await FaultyFileServer.StartAsync(file);

        var report = await RunAsync(Manifest(server, file) + "files:\n  - to: a\n    content: x\ncommands:\n  - run: 'true'\n", checkOnly: true);

        Assert.All(report.Steps, s => Assert.Equal(StepOutcome.Wanted, s.Outcome));
        Assert.Equal(3, report.Steps.Count);
        Assert.False(report.Succeeded);
        Assert.False(Directory.Exists(Data));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Run_UrlOfAFileWithoutDigestChanged_FetchesTheNewOne()
    {
        await using var server = await FaultyFileServer.StartAsync(ServedFile.Random("one", 1000, 1), ServedFile.Random("two", 1000, 2));

        await RunAsync($"models:\n  - url: {server.Url("one")}\n    to: loras/style\n");
        var report = await RunAsync($"models:\n  - url: {server.Url("two")}\n    to: loras/style\n");

        Assert.True(report.Succeeded, report.Reason);
        Assert.Equal(ServedFile.Random("two", 1000, 2).Content, File.ReadAllBytes(Model("style")));
    }

    [Fact]
    public async Task Run_NodePack_IsAtItsCommitAndMovesToAnother()
    {
        var (first, second) = MakeRepository(_folder["origin"]);
        string Text(string commit) => $"nodes:\n  - git: {_folder["origin"]}\n    commit: {commit}\n    to: pack\n";
        var file = Path.Combine(Data, "custom_nodes", "pack", "nodes.py");

        var cloned = await RunAsync(Text(first));
        var before = File.ReadAllText(file);
        var again = await RunAsync(Text(first));
        var moved = await RunAsync(Text(second));

        Assert.True(cloned.Succeeded, cloned.Reason);
        Assert.Equal("first", before);
        Assert.Equal(StepOutcome.AlreadyRight, Assert.Single(again.Steps).Outcome);
        Assert.True(moved.Succeeded, moved.Reason);
        Assert.Equal("second", File.ReadAllText(file));
    }

    [Fact]
    public async Task Run_NodePackWithLocalChanges_IsLeftAlone()
    {
        var (first, second) = MakeRepository(_folder["origin"]);
        string Text(string commit) => $"nodes:\n  - git: {_folder["origin"]}\n    commit: {commit}\n    to: pack\n";
        await RunAsync(Text(first));
        var file = Path.Combine(Data, "custom_nodes", "pack", "nodes.py");
        File.WriteAllText(file, "mine");

        var refused = await RunAsync(Text(second));
        var kept = File.ReadAllText(file);
        var forced = await RunAsync(Text(second), force: true);

        Assert.Contains("not committed", refused.Reason, StringComparison.Ordinal);
        Assert.Equal("mine", kept);
        Assert.True(forced.Succeeded, forced.Reason);
        Assert.Equal("second", File.ReadAllText(file));
    }

    [Theory]
    [InlineData(200, new[] { "with" })]
    [InlineData(401, new[] { "without" })]
    public async Task Run_Conditions_DependOnTheTokenBeingValid(int status, string[] expected)
    {
        var account = new ServedFile("whoami", [1]) { Refusals = status == 200 ? 0 : int.MaxValue, RefusalStatus = status };
        await using var server = await FaultyFileServer.StartAsync(account, ServedFile.Random("with", 10, 1), ServedFile.Random("without", 10, 2));
        _environment["HF_TOKEN"] = "hf_something";

        var report = await RunAsync(
            $"""
            models:
              - url: {server.Url("with")}
                to: loras/with
                when: hf_token_valid
              - url: {server.Url("without")}
                to: loras/without
                when: not hf_token_valid
            """,
            sites: new TokenSites { HuggingFace = server.Url("whoami") });

        Assert.True(report.Succeeded, report.Reason);
        Assert.Equal(expected, Directory.GetFiles(Path.Combine(Data, "models", "loras")).Select(Path.GetFileName));
        Assert.Equal("Bearer hf_something", server.Requests.First(r => r.Path == "whoami").Authorization);
        Assert.All(server.Requests.Where(r => r.Path != "whoami"), r => Assert.Null(r.Authorization));
    }

    [Fact]
    public async Task Run_TokenCannotBeChecked_Fails()
    {
        await using var server = await FaultyFileServer.StartAsync();
        _environment["HF_TOKEN"] = "hf_something";

        var report = await RunAsync(
            $"models:\n  - url: {server.Url("a")}\n    to: loras/a\n    when: hf_token_valid\n",
            sites: new TokenSites { HuggingFace = server.Url("gone") });

        Assert.Contains("HF_TOKEN", report.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_something", report.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_EditorWorkflow_IsSavedAndItsModelsAreFetched()
    {
        var model = ServedFile.Random("style.safetensors", 5000, 3);
        await using var server = await FaultyFileServer.StartAsync(model);
        server.Add(Json(
            "portrait.json",
            $$$"""
            {"nodes": [{"properties": {"cnr_id": "fine-nodes", "models": [
              {"name": "style.safetensors", "url": "{{{server.Url("style.safetensors")}}}", "directory": "loras"}]}}],
             "definitions": {"subgraphs": [{"nodes": [{"properties": {"cnr_id": "comfy-core"}}]}]}}
            """));
        server.Add(Json("evil.json", $$$"""{"nodes": [{"properties": {"models": [{"name": "x", "url": "{{{server.Url("style.safetensors")}}}", "directory": "../../.."}]}}]}"""));
        _environment["PROVISIONING_COMFYUI_WORKFLOWS"] = $"{server.Url("portrait.json")};{server.Url("evil.json")}";

        var report = await RunAsync(null);

        Assert.Equal(model.Content, File.ReadAllBytes(Model("style.safetensors")));
        Assert.True(File.Exists(Path.Combine(Data, "user", "default", "workflows", "portrait.json")));
        Assert.Contains(report.Steps, s => s.Message?.Contains("fine-nodes", StringComparison.Ordinal) == true);
        Assert.Contains("evil.json", report.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_TwiceAtOnce_DoesEachThingOnce()
    {
        var manifest = $"commands:\n  - run: sleep 0.2; echo x >> {_folder["out"]}\n";

        var reports = await Task.WhenAll(RunAsync(manifest), RunAsync(manifest));

        Assert.All(reports, r => Assert.True(r.Succeeded, r.Reason));
        Assert.Single(File.ReadAllLines(_folder["out"]));
    }

    private static ServedFile[] BadFiles() =>
    [
        ServedFile.Random("plain", 300_000, 1),
        new("drops", Bytes(900_000, 2)) { DropAfter = 200_000, Drops = 3 },
        new("wrong", Bytes(300_000, 3)) { WrongAnswers = 1 },
        new("redirected", Bytes(300_000, 4)) { Redirects = 4 },
        new("throttled", Bytes(200_000, 5)) { Throttle = TimeSpan.FromMilliseconds(5) },
        new("refusing", Bytes(300_000, 6)) { Refusals = 3 },
        new("no-ranges", Bytes(400_000, 7)) { Ranges = false, DropAfter = 100_000, Drops = 2 },
        new("chunked", Bytes(300_000, 8)) { Chunked = true },
        new("chunked-drops", Bytes(500_000, 9)) { Chunked = true, DropAfter = 150_000, Drops = 2 },
        new("redirected-drops", Bytes(700_000, 10)) { Redirects = 2, DropAfter = 250_000, Drops = 2 },
    ];

    private static byte[] Bytes(int length, int seed) => ServedFile.Random("", length, seed).Content;

    private static string Manifest(FaultyFileServer server, params ServedFile[] files) =>
        "models:\n" + string.Concat(files.Select(f => $"  - url: {server.Url(f.Name)}\n    to: loras/{f.Name}\n    sha256: {f.Sha256}\n"));

    private static ServedFile Script(string text) => new("setup.sh", System.Text.Encoding.UTF8.GetBytes(text));

    private static ServedFile Json(string name, string text) => new(name, System.Text.Encoding.UTF8.GetBytes(text));

    private static (string First, string Second) MakeRepository(string path) =>
        (Repositories.Commit(path, "first", ("nodes.py", "first")), Repositories.Commit(path, "second", ("nodes.py", "second")));

    private string Model(string name) => Path.Combine(Data, "models", "loras", name);

    private async Task<ProvisioningReport> RunAsync(
        string? manifest,
        bool force = false,
        bool checkOnly = false,
        TokenSites? sites = null,
        IProgress<DownloadProgress>? progress = null,
        CancellationToken? cancellationToken = null)
    {
        if (manifest is not null && (!File.Exists(_folder["manifest.yaml"]) || File.ReadAllText(_folder["manifest.yaml"]) != manifest))
        {
            File.WriteAllText(_folder["manifest.yaml"], manifest);
        }

        var options = new ProvisioningOptions
        {
            DataFolder = Data,
            Manifest = manifest is null ? null : _folder["manifest.yaml"],
            Force = force,
            CheckOnly = checkOnly,
            Environment = _environment.GetValueOrDefault,
            Downloads = new DownloadOptions { FirstDelay = TimeSpan.FromMilliseconds(1), ReserveBytes = 0 },
            Sites = sites ?? new TokenSites(),
        };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken ?? TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        return await new Provisioner(options, TimeProvider.System, NullLoggerFactory.Instance).RunAsync(progress, limit.Token);
    }

    /// <summary>Does something the first time that a download stands somewhere.</summary>
    private sealed class Watcher(Predicate<DownloadProgress> when, Action then) : IProgress<DownloadProgress>
    {
        private int _done;

        public void Report(DownloadProgress value)
        {
            if (when(value) && Interlocked.Exchange(ref _done, 1) == 0)
            {
                then();
            }
        }
    }
}
