using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ComfyServe.Testing;
using ComfyServe.Testing.Engines;
using ComfyServe.Testing.Web;

namespace ComfyServe.Api.Tests.Jobs;

/// <summary>The service as a process of its own, killed without warning while jobs are in every stage.</summary>
public sealed class KillTests
{
    [Fact]
    public async Task Kill_AgainAndAgain_EveryAcceptedJobEndsOnceAndIsTold()
    {
        var program = Path.Combine(RepositoryRoot.Path, "artifacts", "bin", "ComfyServe.Cli", "release_linux-x64", "comfyserve");
        Assert.SkipUnless(RecordedData.IsFull, "takes minutes; set COMFYSERVE_TEST_FULL=1");
        Assert.SkipUnless(File.Exists(program), "the command line is not built; build ComfyServe.slnx");
        const int Rounds = 100;
        var data = Directory.CreateTempSubdirectory("comfyserve-kill-").FullName;
        await using var engine = await FakeEngine.StartAsync();
        await using var receiver = await FileServer.StartAsync(static context =>
        {
            context.Response.StatusCode = 200;
            return Task.CompletedTask;
        });
        var accepted = new List<string>();
        var chance = new Random(1);
        for (var round = 0; round < Rounds; round++)
        {
            await using var service = await ServiceProcess.StartAsync(program, data, engine.BaseUrl, receiver.BaseUrl);
            for (var i = 0; i < 6; i++)
            {
                var id = $"r{round}-{i}";
                var graph = $$$$"""{"1": {"class_type": "FakeSteps", "inputs": {"ms": {{{{chance.Next(1, 40)}}}}, "steps": 3}}, "9": {"class_type": "SaveImage", "inputs": {}}}""";
                using var response = await service.Http.PostAsync("/generate", ApiHost.Body(graph, $""", "request_id": "{id}" """), TestContext.Current.CancellationToken);
                if ((int)response.StatusCode == 202)
                {
                    accepted.Add(id);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(chance.Next(0, 200)), TestContext.Current.CancellationToken);
            service.Kill();
        }

        await using (var last = await ServiceProcess.StartAsync(program, data, engine.BaseUrl, receiver.BaseUrl))
        {
            foreach (var id in accepted)
            {
                var result = await last.Http.GetFromJsonAsync<JsonObject>($"/result/{id}?wait=120", TestContext.Current.CancellationToken);
                Assert.Equal((id, "completed"), (id, (string?)result!["status"]));
            }

            using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            patience.CancelAfter(TimeSpan.FromMinutes(5)); // a delivery that a killed process had claimed waits for two
            while (Told(receiver).Count < accepted.Count)
            {
                await Task.Delay(50, patience.Token);
            }
        }

        Assert.Equal(6 * Rounds, accepted.Count);
        Assert.Equal(accepted.Order(), Told(receiver).Order());
        var ids = receiver.Requests.GroupBy(r => (string)JsonNode.Parse(r.Body)!["id"]!, r => r.Headers["webhook-id"]);
        Assert.All(ids, g => Assert.Single(g.Distinct()));
        Directory.Delete(data, recursive: true);
    }

    private static HashSet<string> Told(FileServer receiver) => [.. receiver.Requests.Select(r => (string)JsonNode.Parse(r.Body)!["id"]!)];

    private sealed class ServiceProcess : IAsyncDisposable
    {
        private readonly Process _process;

        private ServiceProcess(Process process, string url)
        {
            _process = process;
            Http = new() { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(3) };
        }

        public HttpClient Http { get; }

        public static async Task<ServiceProcess> StartAsync(string program, string data, string engine, string webhook)
        {
            var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
            foreach (var argument in (string[])["api", "--port", "0", "--engine", engine, "--data", data])
            {
                start.ArgumentList.Add(argument);
            }

            start.Environment["WEBHOOK_URL"] = webhook;
            var process = Process.Start(start)!;
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            {
                if (line.StartsWith("ready ", StringComparison.Ordinal))
                {
                    return new(process, line[6..].Trim());
                }
            }

            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"the service did not start: exit code {process.ExitCode}"));
        }

        public void Kill()
        {
            _process.Kill(); // SIGKILL
            _process.WaitForExit();
        }

        public async ValueTask DisposeAsync()
        {
            Http.Dispose();
            if (!_process.HasExited)
            {
                _process.Kill();
                await _process.WaitForExitAsync();
            }

            _process.Dispose();
        }
    }
}
