using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Client;

/// <summary>What a worker answered to one request.</summary>
/// <param name="Ok">Whether the worker answered with a 2xx status.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">The JSON body; <c>{"error": text}</c> when the body was not JSON.</param>
/// <param name="WorkerUrl">The worker that answered.</param>
/// <param name="RequestIdx">The request's number at the gateway; 0 in a session.</param>
/// <param name="Latency">From the first call to a worker until the answer, retries included.</param>
/// <param name="Attempts">Workers that were tried, this one included.</param>
public sealed record ServerlessResponse(
    bool Ok, int Status, JsonNode? Body, Uri WorkerUrl, long RequestIdx, TimeSpan Latency, int Attempts)
{
    /// <summary>The body as a type of the caller's.</summary>
    public T? As<T>(JsonSerializerOptions? options = null) => Body.Deserialize<T>(options);

    /// <summary>Returns this when it is a success.</summary>
    /// <exception cref="ServerlessException">The worker refused the request or the workflow failed.</exception>
    public ServerlessResponse EnsureSuccess()
    {
        if (Ok)
        {
            return this;
        }

        var text = Body?.ToJsonString() ?? "";
        var reason = (Body as JsonObject)?["message"]?.ToString() ?? text;
        throw new ServerlessException($"Worker '{WireText.Shown(WorkerUrl)}' answered {Status} to request {RequestIdx}: {WireText.Shorten(reason)}")
        {
            Status = Status,
            Body = WireText.Shorten(text),
        };
    }
}
