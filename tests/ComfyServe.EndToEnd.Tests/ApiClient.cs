using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>Calls an API service as a user's program does.</summary>
internal sealed class ApiClient : IDisposable
{
    private readonly HttpClient _http;

    /// <summary>A caller of a service.</summary>
    /// <param name="service">Its base URL.</param>
    /// <param name="key">The key that the caller shows, if any.</param>
    public ApiClient(Uri service, string? key = null)
    {
        _http = new() { BaseAddress = service, Timeout = TimeSpan.FromMinutes(3) };
        if (key is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new("Bearer", key);
        }
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Runs a workflow and waits for it.</summary>
    public Task<(int Status, JsonObject Body)> RunAsync(string workflow, string more = "") => PostAsync("/generate/sync", Body(workflow, more));

    /// <summary>Has a workflow accepted.</summary>
    public Task<(int Status, JsonObject Body)> SubmitAsync(string workflow, string more = "") => PostAsync("/generate", Body(workflow, more));

    /// <summary>The result, when the job is over.</summary>
    public Task<(int Status, JsonObject Body)> ResultAsync(string id) => GetAsync($"/result/{id}?wait=150");

    /// <summary>Cancels a job.</summary>
    public Task<(int Status, JsonObject Body)> CancelAsync(string id) => PostAsync($"/cancel/{id}", "{}");

    /// <summary>Waits until the engine works on a node of the job.</summary>
    public async Task RunningAsync(string id)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromMinutes(2));
        while ((string?)(await GetAsync($"/result/{id}")).Body["message"] is var message && message?.StartsWith("Processing node", StringComparison.Ordinal) != true)
        {
            await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>What a plain GET of a URL answers.</summary>
    public async Task<(int Status, byte[] Bytes)> FetchAsync(string url)
    {
        using var response = await _http.GetAsync(url, Cancellation);
        return ((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(Cancellation));
    }

    /// <summary>Answers of any route.</summary>
    public async Task<(int Status, JsonObject Body)> GetAsync(string path)
    {
        using var response = await _http.GetAsync(path, Cancellation);
        return ((int)response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!);
    }

    public void Dispose() => _http.Dispose();

    private static string Body(string workflow, string more) => $$$"""{"input": {"workflow_json": {{{workflow}}}{{{more}}}}}""";

    private async Task<(int Status, JsonObject Body)> PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(path, content, Cancellation);
        return ((int)response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!);
    }
}
