using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Cli.Run;

/// <summary>Runs a workflow on an API service and follows it.</summary>
internal sealed class RunClient(HttpClient http)
{
    private static readonly TimeSpan CancelPatience = TimeSpan.FromSeconds(5);

    /// <summary>Runs the workflow to its end.</summary>
    /// <param name="file">The workflow, in API format.</param>
    /// <param name="show">Gets every event.</param>
    /// <param name="cancellationToken">Cancels the job at the service too.</param>
    /// <exception cref="RefusedException">The service refused the request; the message has its reasons.</exception>
    /// <exception cref="HttpRequestException">The service cannot be reached, or the stream broke off.</exception>
    public async Task<GenerateResult> RunAsync(WorkflowFile file, Action<RunEvent> show, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid().ToString();
        var body = file.ToRequest(id);
        using var request = new HttpRequestMessage(HttpMethod.Post, "generate/stream")
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        try
        {
            using var response = await ReachAsync(http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken));
            if (!response.IsSuccessStatusCode)
            {
                throw new RefusedException(await RefusalAsync(response, cancellationToken));
            }

            return await FollowAsync(response, show, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await CancelAsync(id);
            throw;
        }
    }

    /// <summary>Has a workflow of the editor turned into API format; notes say what was chosen or left out.</summary>
    /// <exception cref="RefusedException">It cannot be turned; the message has the reasons.</exception>
    public async Task<(JsonObject Workflow, IReadOnlyList<string> Notes)> ConvertAsync(JsonObject workflow, CancellationToken cancellationToken)
    {
        using var body = new StringContent(workflow.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await ReachAsync(http.PostAsync(new Uri("workflow/convert?notes=1", UriKind.Relative), body, cancellationToken));
        if (!response.IsSuccessStatusCode)
        {
            throw new RefusedException(await RefusalAsync(response, cancellationToken));
        }

        return JsonNode.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken)) switch
        {
            JsonObject answer when answer["notes"] is JsonArray notes && answer["workflow"] is JsonObject converted => ((JsonObject)converted.DeepClone(), [.. notes.Select(static n => n!.ToString())]),
            JsonObject converted => (converted, []), // an older service, or the extension of this name
            _ => throw new RefusedException("the API service answered the conversion with something else than a workflow"),
        };
    }

    private static async Task<GenerateResult> FollowAsync(HttpResponseMessage response, Action<RunEvent> show, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
        {
            if (item.Data.Length == 0 || JsonSerializer.Deserialize(item.Data, RunJsonContext.Default.RunEvent) is not { } found)
            {
                continue;
            }

            show(found);
            if (found.Result is { } result)
            {
                return result;
            }

            if (found.Status == "error")
            {
                throw new HttpRequestException(found.Message ?? "the service reported an error without a message");
            }
        }

        throw new HttpRequestException("the API service closed the stream before the result; ask for it with GET /result/{id}");
    }

    private async Task<HttpResponseMessage> ReachAsync(Task<HttpResponseMessage> call)
    {
        try
        {
            return await call;
        }
        catch (HttpRequestException error)
        {
            throw new HttpRequestException($"the API service at '{http.BaseAddress}' cannot be reached: {FailureText.Of(error)}; is it running, and is '--api' right?", error);
        }
    }

    private static async Task<string> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return $"the API service refused the request ({(int)response.StatusCode}): {ServiceReason.Of(text)}";
    }

    private async Task CancelAsync(string id)
    {
        using var patience = new CancellationTokenSource(CancelPatience);
        try
        {
            using var answer = await http.PostAsync(new Uri($"cancel/{id}", UriKind.Relative), content: null, patience.Token);
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"comfyserve: the job '{id}' could not be cancelled: {FailureText.Of(error)}");
        }
    }
}
