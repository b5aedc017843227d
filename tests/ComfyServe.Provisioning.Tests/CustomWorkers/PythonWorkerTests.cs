using System.IO.Compression;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Provisioning.CustomWorkers;
using ComfyServe.Testing;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Provisioning.Tests.CustomWorkers;

/// <summary>Python workers of a repository; what runs Python is skipped where there is none.</summary>
public sealed class PythonWorkerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string? Python => PythonEnvironment.Find(Environment.GetEnvironmentVariable);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Variables_OfASparseEnvironment_HaveTheOriginalsDefaults()
    {
        var given = new Dictionary<string, string> { ["CONTAINER_ID"] = "7", ["MASTER_TOKEN"] = "cw_x", ["REPORT_ADDR"] = "http://gateway:8080", ["BACKEND"] = "comfyui-json" };

        var variables = PythonVariables.For(given.GetValueOrDefault, "abc", "/log", "/data", static () => 0);

        var expected = new Dictionary<string, string>
        {
            ["CONTAINER_ID"] = "7",
            ["MASTER_TOKEN"] = "cw_x",
            ["REPORT_ADDR"] = "http://gateway:8080",
            ["WORKER_PORT"] = "3000",
            ["WORKER_HTTP_PORT"] = "3001",
            ["VAST_TCP_PORT_3000"] = "3000",
            ["PUBLIC_IPADDR"] = "127.0.0.1",
            ["USE_SSL"] = "false",
            ["UNSECURED"] = "false",
            ["MODEL_LOG"] = "/log",
            ["MODEL_SERVER_URL"] = "http://127.0.0.1:18288",
            ["COMFYUI_API_BASE"] = "http://127.0.0.1:18188",
            ["BACKEND"] = "comfyui-json",
            ["HF_TOKEN"] = "1",
            ["PYWORKER_VERSION"] = "abc",
            ["WORKSPACE_DIR"] = "/data",
            ["SERVERLESS"] = "true",
            ["PYTHONUNBUFFERED"] = "1",
        };
        Assert.Equal(expected.OrderBy(static v => v.Key, StringComparer.Ordinal), variables.OrderBy(static v => v.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Variables_Given_StayAndTheirPortNamesTheMappedOne()
    {
        var given = new Dictionary<string, string> { ["WORKER_PORT"] = "4000", ["VAST_TCP_PORT_4000"] = "40001", ["PUBLIC_IPADDR"] = "203.0.113.7", ["HF_TOKEN"] = "hf_x", ["BACKEND"] = "b", ["USE_SSL"] = "true" };

        var variables = PythonVariables.For(given.GetValueOrDefault, "abc", "/log", "/data", static () => 0);

        Assert.Equal(("4001", "40001", "203.0.113.7", "hf_x", "true"), (variables["WORKER_HTTP_PORT"], variables["VAST_TCP_PORT_4000"], variables["PUBLIC_IPADDR"], variables["HF_TOKEN"], variables["USE_SSL"]));
    }

    [Fact]
    public void Variables_AnyPort_IsAFreeOne()
    {
        var variables = PythonVariables.For(static name => name == "WORKER_PORT" ? "0" : null, "abc", "/log", "/data", static () => 4711);

        Assert.Equal(("4711", "4712", "4711"), (variables["WORKER_PORT"], variables["WORKER_HTTP_PORT"], variables["VAST_TCP_PORT_4711"]));
    }

    [Theory]
    [InlineData("import json", null, null, null)]
    [InlineData("from vastai import Worker", null, null, "vastai-sdk")]
    [InlineData("import vastai.serverless", "requests\nvastai-sdk==1.2\n", null, null)]
    [InlineData("from vastai import Worker", "vastai-sdk\n", "1.3", "vastai-sdk==1.3")]
    [InlineData("import vastaire", null, null, null)]
    public void Packages_OfAWorker_HaveTheSdkWhereItIsWanted(string source, string? requirements, string? version, string? sdk)
    {
        File.WriteAllText(_folder["worker.py"], source);
        if (requirements is not null)
        {
            File.WriteAllText(_folder["requirements.txt"], requirements);
        }

        var packages = PythonPackages.Of(_folder.Path, "worker.py", version);

        Assert.Equal(sdk, packages.SdkRequirement);
        Assert.Equal(requirements is null ? 0 : 1, packages.Files.Count);
    }

    [Fact]
    public void Find_NoPython_IsNone() => Assert.Null(PythonEnvironment.Find(name => name == "PATH" ? _folder.Path : null));

    [Fact]
    public async Task Prepare_NoRequirements_IsTheMachinesPython()
    {
        var worker = await WorkerAsync(("worker.py", "print('hello')"));

        var python = await new PythonEnvironment("/usr/bin/some-python", _folder["env"], TimeProvider.System).PrepareAsync(worker, static _ => null, Token);

        Assert.Equal("/usr/bin/some-python", python);
        Assert.False(Directory.Exists(_folder["env"]));
    }

    [Fact]
    public async Task Prepare_Requirements_AreInstalledOnceAndAgainWhenTheyChange()
    {
        Assert.SkipWhen(Python is null, "python3 is not installed");
        var first = MakeWheel("1.0");
        var worker = await WorkerAsync(("worker.py", "import tinypack\nopen('said', 'w').write(tinypack.VERSION)\n"), ("requirements.txt", first));
        var environment = new PythonEnvironment(Python!, _folder["env"], TimeProvider.System);

        var python = await environment.PrepareAsync(worker, static _ => null, Token);
        var made = File.GetLastWriteTimeUtc(_folder["env", ".comfyserve"]);
        await environment.PrepareAsync(worker, static _ => null, Token);
        var kept = File.GetLastWriteTimeUtc(_folder["env", ".comfyserve"]);
        var exitCode = await RunAsync(python, worker);
        var said = File.ReadAllText(Path.Combine(worker.Folder, "said"));
        File.WriteAllText(Path.Combine(worker.Folder, "requirements.txt"), MakeWheel("2.0"));
        await RunAsync(await environment.PrepareAsync(worker, static _ => null, Token), worker);

        Assert.Equal(0, exitCode);
        Assert.Equal(made, kept);
        Assert.Equal("1.0", said);
        Assert.Equal("2.0", File.ReadAllText(Path.Combine(worker.Folder, "said")));
    }

    [Fact]
    public async Task Prepare_RequirementThatCannotBeHad_SaysWhatPipSaid()
    {
        Assert.SkipWhen(Python is null, "python3 is not installed");
        var worker = await WorkerAsync(("worker.py", ""), ("requirements.txt", _folder["missing-1.0-py3-none-any.whl"]));

        var error = await Assert.ThrowsAsync<PythonWorkerException>(() =>
            new PythonEnvironment(Python!, _folder["env"], TimeProvider.System).PrepareAsync(worker, static _ => null, Token));

        Assert.Contains("missing-1.0", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["env", ".comfyserve"]));
    }

    [Fact]
    public async Task Run_Worker_HasItsVariablesAndNotTheAccountsKey()
    {
        Assert.SkipWhen(Python is null, "python3 is not installed");
        var worker = await WorkerAsync(("workers/comfyui-json/worker.py", "import json, os, sys\njson.dump(dict(os.environ), open('said', 'w'))\nsys.exit(3)\n"));

        var exitCode = await PythonProcess.RunAsync(Python!, worker, new Dictionary<string, string> { ["WORKER_PORT"] = "4711" }, TimeSpan.FromSeconds(5), TimeProvider.System, Token);

        var said = File.ReadAllText(Path.Combine(worker.Folder, "said"));
        Assert.Equal(3, exitCode);
        Assert.Contains("\"WORKER_PORT\": \"4711\"", said, StringComparison.Ordinal);
        Assert.All(WithheldVariables.Names, name => Assert.DoesNotContain(name, said, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("signal.signal(signal.SIGTERM, lambda *_: (open('said', 'w').write('stopped'), sys.exit(0)))", "stopped")]
    [InlineData("signal.signal(signal.SIGTERM, signal.SIG_IGN)", null)]
    public async Task Run_ToldToStop_StopsOrIsKilled(string handler, string? said)
    {
        Assert.SkipWhen(Python is null, "python3 is not installed");
        var worker = await WorkerAsync(("worker.py", $"import signal, sys, time\n{handler}\nopen('up', 'w').close()\nwhile True: time.sleep(0.02)\n"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var running = PythonProcess.RunAsync(Python!, worker, new Dictionary<string, string>(), TimeSpan.FromSeconds(said is null ? 0.2 : 30), TimeProvider.System, stop.Token);
        while (!File.Exists(Path.Combine(worker.Folder, "up")))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Token);
        }

        await stop.CancelAsync();

        Assert.Equal(0, await running);
        Assert.Equal(said is not null, File.Exists(Path.Combine(worker.Folder, "said")));
    }

    [Fact]
    public async Task ReadyMark_HealthComesLater_IsWrittenOnceItIsGood()
    {
        await using var service = LoopbackServer.Build();
        var (asked, healthy) = (new TaskCompletionSource(), false);
        service.MapGet("/health", () =>
        {
            var answer = healthy ? Results.Ok() : Results.StatusCode(503);
            asked.TrySetResult();
            return answer;
        });
        await service.StartAsync(Token);
        var time = new FakeTimeProvider();
        File.WriteAllText(_folder["model.log"], "BACKENDS_READY of yesterday\n");

        var log = ReadyMark.Begin(_folder["model.log"], _folder["other.log"]);
        var writing = ReadyMark.WriteWhenHealthyAsync(log, new Uri(service.Urls.First()), time, Token);
        await asked.Task;
        var before = File.ReadAllText(log);
        healthy = true;
        while (!writing.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.WhenAny(writing, Task.Delay(TimeSpan.FromMilliseconds(20), Token));
        }

        Assert.Equal("", before);
        Assert.EndsWith(" BACKENDS_READY\n", File.ReadAllText(log), StringComparison.Ordinal);
        Assert.Equal("BACKENDS_READY of yesterday\n", File.ReadAllText(log + ".old"));
    }

    [Fact]
    public void ReadyMark_PlaceThatCannotBeWritten_IsTheOther() =>
        Assert.Equal(_folder["logs", "model.log"], ReadyMark.Begin("/proc/nowhere/model.log", _folder["logs", "model.log"]));

    private static Task<int> RunAsync(string python, CustomWorker worker) =>
        PythonProcess.RunAsync(python, worker, new Dictionary<string, string>(), TimeSpan.FromSeconds(5), TimeProvider.System, Token);

    private async Task<CustomWorker> WorkerAsync(params (string Path, string Content)[] files)
    {
        var origin = _folder["origin"];
        Repositories.Commit(origin, "A worker", files);
        return await CustomWorker.FetchAsync(name => name == "PYWORKER_REPO" ? origin : null, _folder["clone"], TimeProvider.System, Token);
    }

    // A package that pip can install without any network.
    private string MakeWheel(string version)
    {
        var path = _folder[$"tinypack-{version}-py3-none-any.whl"];
        using var wheel = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (name, content) in new[]
        {
            ("tinypack.py", $"VERSION = '{version}'\n"),
            ($"tinypack-{version}.dist-info/METADATA", $"Metadata-Version: 2.1\nName: tinypack\nVersion: {version}\n"),
            ($"tinypack-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            ($"tinypack-{version}.dist-info/RECORD", $"tinypack.py,,\ntinypack-{version}.dist-info/METADATA,,\ntinypack-{version}.dist-info/WHEEL,,\ntinypack-{version}.dist-info/RECORD,,\n"),
        })
        {
            using var writer = new StreamWriter(wheel.CreateEntry(name).Open());
            writer.Write(content);
        }

        return path;
    }
}
