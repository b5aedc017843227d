using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace ComfyServe.Client;

/// <summary>Reads server-sent events and JSON lines alike: a line, less a leading <c>data:</c>, is one item.</summary>
internal static class LineStream
{
    /// <summary>Yields each line that is JSON; others (comments, <c>[DONE]</c>, event names) are passed over.</summary>
    public static async IAsyncEnumerable<JsonNode> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            var text = line.Trim();
            if (text.StartsWith("data:", StringComparison.Ordinal))
            {
                text = text[5..].TrimStart();
            }

            if (text.Length > 0 && WireText.TryParse(text) is { } item)
            {
                yield return item;
            }
        }
    }
}
