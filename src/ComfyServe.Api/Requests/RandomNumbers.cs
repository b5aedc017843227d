using System.Text;
using System.Text.Json;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Requests;

/// <summary>
/// Replaces <c>__RANDOM_INT__</c> in a workflow's values (never in keys). A value that is exactly the placeholder becomes a JSON integer,
/// 0 … 4294967295; inside a longer string every occurrence becomes the same number, one draw per string.
/// </summary>
internal static class RandomNumbers
{
    /// <summary>The placeholder.</summary>
    public const string Placeholder = "__RANDOM_INT__";

    /// <summary>Rewrites <paramref name="workflow"/>; returns the same memory when there is nothing to replace.</summary>
    /// <param name="workflow">Valid JSON.</param>
    /// <param name="random">Source of the numbers.</param>
    /// <param name="drawn">Gets each number and where it stands.</param>
    public static ReadOnlyMemory<byte> Replace(ReadOnlyMemory<byte> workflow, Random random, List<DrawnNumber> drawn)
    {
        if (!MayContain(workflow.Span))
        {
            return workflow;
        }

        var reader = new Utf8JsonReader(workflow.Span, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        var path = new JsonPath();
        var splices = new JsonSplices();
        while (reader.Read())
        {
            path.Enter(ref reader);
            if (reader.TokenType == JsonTokenType.String && MayContain(reader.ValueSpan)
                && JsonText.Read(ref reader) is { } text && text.Contains(Placeholder, StringComparison.Ordinal))
            {
                var number = random.NextInt64(0, 1L << 32);
                drawn.Add(new() { Path = path.ToString(), Value = number });
                splices.Add(reader.TokenStartIndex, reader.BytesConsumed, Encode(text, number));
            }
        }

        return splices.Apply(workflow);
    }

    private static byte[] Encode(string text, long number) => text == Placeholder
        ? Encoding.UTF8.GetBytes(number.ToString())
        : JsonText.Encode(text.Replace(Placeholder, number.ToString(), StringComparison.Ordinal));

    /// <summary>A quick look; an escape may hide the placeholder's letters, so text with escapes of ASCII is looked at in full.</summary>
    private static bool MayContain(ReadOnlySpan<byte> json) => json.IndexOf("__RANDOM_INT__"u8) >= 0 || json.IndexOf("\\u00"u8) >= 0;
}
