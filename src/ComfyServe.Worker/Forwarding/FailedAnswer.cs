using System.Text.Json;

namespace ComfyServe.Worker.Forwarding;

/// <summary>
/// Reads the head of a 500 of the API service: is it a workflow that failed for good? Clients repeat every 5xx for ever, so
/// such a failure must reach them as a 4xx.
/// </summary>
internal sealed class FailedAnswer
{
    private const int MostHead = 4 << 20;

    private FailedAnswer(ReadOnlyMemory<byte> head, bool isFinal) => (Head, IsFinal) = (head, isFinal);

    /// <summary>What was read: all of the answer, unless it is very long.</summary>
    public ReadOnlyMemory<byte> Head { get; }

    /// <summary>The workflow failed, and would fail again.</summary>
    public bool IsFinal { get; }

    /// <summary>Reads an answer's head.</summary>
    public static async Task<FailedAnswer> ReadAsync(Stream answer, CancellationToken cancellationToken)
    {
        var head = new MemoryStream();
        var buffer = new byte[32 << 10];
        while (head.Length < MostHead)
        {
            var read = await answer.ReadAsync(buffer, cancellationToken);
            if (read == 0)
            {
                break;
            }

            await head.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        var bytes = head.GetBuffer().AsMemory(0, (int)head.Length);
        return new FailedAnswer(bytes, IsFailedForGood(bytes.Span));
    }

    // The answer's own status, and its error's 'retryable'; the original's API service has no such member.
    private static bool IsFailedForGood(ReadOnlySpan<byte> json)
    {
        var (failed, retryable) = (false, false);
        try
        {
            var reader = new Utf8JsonReader(json, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = 256 }));
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                {
                    continue;
                }

                if (reader.CurrentDepth == 1 && reader.ValueTextEquals("status"u8))
                {
                    failed = reader.Read() && reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("failed"u8);
                }
                else if (reader.CurrentDepth == 1 && !reader.ValueTextEquals("error"u8))
                {
                    if (!reader.TrySkip())
                    {
                        break;
                    }
                }
                else if (reader.CurrentDepth == 2 && reader.ValueTextEquals("retryable"u8))
                {
                    retryable = reader.Read() && reader.TokenType == JsonTokenType.True;
                }
            }
        }
        catch (JsonException)
        {
            return false;
        }

        return failed && !retryable;
    }
}
