using System.Net;
using System.Text.Json.Nodes;
using ComfyServe.Provisioning.CustomWorkers;
using ComfyServe.Testing;
using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary><c>comfyserve worker</c> with a repository of a Python worker.</summary>
public sealed class PythonWorkerTests : IDisposable
{
    // Says what it was given, and stops when it is told to.
    private const string Worker =
        """
        import http.server, json, os, signal, sys, threading

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps({"cwd": os.getcwd(), **os.environ}).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", int(os.environ["WORKER_PORT"])), Answer)
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"ready http://127.0.0.1:{server.server_port}")
        server.serve_forever()
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("comfyserve-python-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Worker_RepositoryWithAPythonWorker_RunsItWithItsEnvironment()
    {
        Assert.SkipWhen(PythonEnvironment.Find(Environment.GetEnvironmentVariable) is null, "python3 is not installed");
        var commit = MakeRepository(("workers/comfyui-json/worker.py", Worker));

        await using var process = ComfyServeProcess.Start(["worker"], Variables(("BACKEND", "comfyui-json"), ("COMFYSERVE_ADMIN_KEY", "ca_secret")));
        var url = await process.ReadyAsync(Token);
        using var http = new HttpClient();
        var seen = JsonNode.Parse(await http.GetStringAsync(url, Token))!;
        var exitCode = await process.StopAsync(Token);

        Assert.Equal(Path.Combine(_folder, "data", "custom-worker"), (string?)seen["cwd"]);
        Assert.Equal(("7", "token", "1", commit), ((string?)seen["CONTAINER_ID"], (string?)seen["MASTER_TOKEN"], (string?)seen["HF_TOKEN"], (string?)seen["PYWORKER_VERSION"]));
        Assert.Null(seen["COMFYSERVE_ADMIN_KEY"]);
        Assert.Equal(0, exitCode);
        Assert.Contains($"Running the Python worker 'workers/comfyui-json/worker.py' of commit {commit}", process.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("COMFYSERVE_PYTHON_WORKER", "false", "as COMFYSERVE_PYTHON_WORKER=false says")]
    [InlineData("PATH", "/usr/share/dotnet", "there is no python3 on PATH")]
    public async Task Worker_PythonNotWantedOrNotThere_RunsOursAndSaysSo(string name, string value, string said)
    {
        MakeRepository(("worker.py", Worker), ("workers/comfyui-json/misc/test_prompts.txt", "a lake"));

        await using var process = ComfyServeProcess.Start(["worker"], Variables((name, name == "PATH" ? Path.GetDirectoryName(Environment.ProcessPath)! + ":" + value : value)));
        var url = await process.ReadyAsync(Token);
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri(url, "/ping"), Token);
        await UntilAsync(() => process.Errors.Contains("used of the repository", StringComparison.Ordinal));
        await process.StopAsync(Token);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains(said, process.Errors, StringComparison.Ordinal);
        Assert.Contains("used of the repository: workers/comfyui-json/misc/test_prompts.txt", process.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_PythonWorkerFails_EndsWithAMessage()
    {
        Assert.SkipWhen(PythonEnvironment.Find(Environment.GetEnvironmentVariable) is null, "python3 is not installed");
        MakeRepository(("worker.py", "raise SystemExit('no such model')"));

        await using var process = ComfyServeProcess.Start(["worker"], Variables());
        var exitCode = await process.ExitAsync(Token);

        Assert.Equal(4, exitCode);
        Assert.Contains("no such model", process.Errors, StringComparison.Ordinal);
        Assert.Contains("the Python worker 'worker.py' ended with exit code 1", process.Errors, StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Token);
        }
    }

    private Dictionary<string, string> Variables(params (string Name, string Value)[] more)
    {
        var variables = new Dictionary<string, string>
        {
            ["PYWORKER_REPO"] = Path.Combine(_folder, "origin"),
            ["COMFYSERVE_DATA"] = Path.Combine(_folder, "data"),
            ["MODEL_LOG"] = Path.Combine(_folder, "model.log"),
            ["CONTAINER_ID"] = "7",
            ["MASTER_TOKEN"] = "token",
            ["REPORT_ADDR"] = "http://127.0.0.1:9", // nobody: the discard port
            ["WORKER_PORT"] = "0",
        };
        foreach (var (name, value) in more)
        {
            variables[name] = value;
        }

        return variables;
    }

    private string MakeRepository(params (string Path, string Content)[] files) => Repositories.Commit(Path.Combine(_folder, "origin"), "A worker", files);
}
