using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ComfyServe.ScriptedWorker;
using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>Gateways as processes, endpoint <c>e</c>, its workers, and an account that calls them.</summary>
internal sealed class GatewayStage : IDisposable
{
    public const string Key = "account-key";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-kill-");
    private readonly HttpClient _http = new() { DefaultRequestHeaders = { Authorization = new("Bearer", Key) } };

    /// <summary>For the data of other processes.</summary>
    public string Folder => _folder.FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _http.Dispose();
        _folder.Delete(recursive: true);
    }

    public ComfyServeProcess Gateway(string name, int port, string? database)
    {
        List<string> arguments = ["gateway", "--port", $"{port}", "--data", Path.Combine(_folder.FullName, name)];
        if (database is not null)
        {
            arguments.AddRange(["--database", database]);
        }

        return ComfyServeProcess.Start(arguments, new Dictionary<string, string> { ["COMFYSERVE_ADMIN_KEY"] = Key });
    }

    public static async Task<string> UrlAsync(ComfyServeProcess gateway) => (await gateway.ReadyAsync(Token)).ToString().TrimEnd('/');

    public async Task<WorkerServer> WorkerAsync(string madeAt, string reportsTo)
    {
        JsonNode? place = null;
        await UntilAsync(
            async () =>
            {
                place = await CallAsync(HttpMethod.Post, madeAt + "/api/v1/endpoints/e/workers", null);
                return true;
            },
            "the place is made");
        return await WorkerServer.StartAsync(
            new ScriptedWorkerOptions
            {
                Gateway = reportsTo,
                Id = (long)place!["id"]!,
                Mtoken = (string)place["mtoken"]!,
                Perf = 100,
                ReportEvery = TimeSpan.FromSeconds(0.2),
                MaxQueueTime = 2,
                Ours = true,
                NewerForm = true,
            },
            Token);
    }

    public async Task<JsonNode> CallAsync(HttpMethod method, string url, object? body)
    {
        using var message = new HttpRequestMessage(method, url) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await _http.SendAsync(message, Token);
        answer.EnsureSuccessStatusCode();
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;
    }

    // While an endpoint's owner moves, calls fail for some seconds.
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        for (var begun = Stopwatch.StartNew(); begun.Elapsed < TimeSpan.FromSeconds(120);)
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (HttpRequestException error) when (error.StatusCode is null or >= System.Net.HttpStatusCode.InternalServerError)
            {
                // It is moving.
            }

            await Task.Delay(100, Token);
        }

        throw new TimeoutException($"not within 120 s: {what}");
    }
}
