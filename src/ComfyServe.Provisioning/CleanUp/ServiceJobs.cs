using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Provisioning.CleanUp;

/// <summary>
/// Asks engines (<c>GET /queue</c>) and API services (<c>GET /queue-info</c>) what their unfinished jobs need. A real ComfyUI
/// answers as ours does.
/// </summary>
/// <param name="http">Sends the questions.</param>
/// <param name="engines">Base URLs, each with a slash at its end.</param>
/// <param name="apiServices">The same of the API services; asked for each time, since a service that takes any free port knows its own late.</param>
/// <param name="time">The clock.</param>
public sealed class ServiceJobs(HttpClient http, IReadOnlyList<Uri> engines, Func<IReadOnlyList<Uri>> apiServices, TimeProvider time)
{
    /// <summary>The longest that a job may run: an engine does not tell when it began.</summary>
    private static readonly TimeSpan LongestJob = TimeSpan.FromHours(1);

    /// <summary>File systems round times.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private static readonly string[] Places = [" [input]", " [output]", " [temp]"];

    /// <summary>What jobs need; null where a service is there and does not tell.</summary>
    public async Task<LiveFiles?> ReadAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset? since = null;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var engine in engines)
        {
            var (known, queue) = await AskAsync(new Uri(engine, "queue"), cancellationToken);
            if (!known)
            {
                return null;
            }

            var running = queue?["queue_running"] as JsonArray ?? [];
            since = running.Count > 0 ? Earlier(since, time.GetUtcNow() - LongestJob) : since;
            foreach (var prompt in running.Concat(queue?["queue_pending"] as JsonArray ?? []))
            {
                Collect(prompt, names);
            }
        }

        foreach (var service in apiServices())
        {
            var (known, queue) = await AskAsync(new Uri(service, "queue-info"), cancellationToken);
            if (!known)
            {
                return null;
            }

            if (queue?["oldest_unfinished_seconds"] is JsonValue value && value.TryGetValue<double>(out var seconds))
            {
                since = Earlier(since, time.GetUtcNow() - TimeSpan.FromSeconds(seconds) - Margin);
            }
            else if (queue is not null && queue.Any(q => q.Value is JsonValue size && size.TryGetValue<long>(out var waiting) && waiting > 0))
            {
                // The original's service tells how many, not since when.
                since = Earlier(since, time.GetUtcNow() - LongestJob);
            }
        }

        return new LiveFiles(since, names);
    }

    /// <summary>Tells the engines to forget results: their files may be gone.</summary>
    public async Task ForgetResultsAsync(CancellationToken cancellationToken)
    {
        foreach (var engine in engines)
        {
            try
            {
                using var response = await http.PostAsJsonAsync(new Uri(engine, "free"), new Dictionary<string, bool>(StringComparer.Ordinal) { ["free_memory"] = true }, cancellationToken);
            }
            catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                // An engine that is not there has no cache either.
            }
        }
    }

    private static DateTimeOffset Earlier(DateTimeOffset? one, DateTimeOffset other) => one < other ? one.Value : other;

    /// <summary>Every text of a workflow may be the name of a file.</summary>
    private static void Collect(JsonNode? node, HashSet<string> names)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (_, value) in map)
                {
                    Collect(value, names);
                }

                break;
            case JsonArray list:
                foreach (var value in list)
                {
                    Collect(value, names);
                }

                break;
            case JsonValue value when value.TryGetValue<string>(out var text) && text.Length < 1024:
                var place = Array.Find(Places, p => text.EndsWith(p, StringComparison.Ordinal));
                names.Add((place is null ? text : text[..^place.Length]).Replace('\\', '/'));
                break;
            default:
                break;
        }
    }

    /// <summary>The answer; known and null where nothing listens there, which has no jobs.</summary>
    private async Task<(bool Known, JsonObject? Answer)> AskAsync(Uri url, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await http.GetFromJsonAsync<JsonObject>(url, cancellationToken);
            return (answer is not null, answer);
        }
        catch (HttpRequestException exception) when (exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            return (true, null);
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (false, null);
        }
    }
}
