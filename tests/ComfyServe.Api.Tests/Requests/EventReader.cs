using System.Text.Json.Nodes;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>Reads server-sent events.</summary>
internal static class EventReader
{
    /// <summary>One event, or a comment (its text in <paramref name="Comment"/>).</summary>
    internal sealed record Event(string? Id, string? Name, JsonObject? Data, string? Comment = null)
    {
        public string? Status => (string?)Data?["status"];
    }

    public static async IAsyncEnumerable<Event> ReadAsync(HttpResponseMessage response, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        string? id = null, name = null, data = null, comment = null;
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0)
            {
                yield return new(id, name, data is null ? null : JsonNode.Parse(data)!.AsObject(), comment);
                id = name = data = comment = null;
            }
            else if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                id = line[4..];
            }
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                name = line[7..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                data += line[6..];
            }
            else
            {
                comment = line;
            }
        }
    }

    public static async Task<List<Event>> AllAsync(HttpResponseMessage response)
    {
        var all = new List<Event>();
        await foreach (var happened in ReadAsync(response, TestContext.Current.CancellationToken))
        {
            all.Add(happened);
        }

        return all;
    }
}
