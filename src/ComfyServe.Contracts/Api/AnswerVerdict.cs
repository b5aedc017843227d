using System.Globalization;
using System.Text.Json;

namespace ComfyServe.Contracts.Api;

/// <summary>
/// What an answer to <c>/generate/sync</c> means, be it of our API service or the original's, of a worker in front of one, or of the gateway. The one place
/// that decides it.
/// </summary>
/// <param name="Meaning">What it means.</param>
/// <param name="Message">The answer's own words, or what can be said without them.</param>
/// <param name="ErrorCode">The code of its error (<see cref="JobErrorCode"/> in words); null where it gives none, as the original's never does.</param>
/// <param name="IsObject">Whether its body is a JSON object.</param>
public readonly record struct AnswerVerdict(AnswerMeaning Meaning, string Message, string? ErrorCode, bool IsObject)
{
    private static readonly JsonReaderOptions Depth = new() { MaxDepth = 256 };

    /// <summary>Whether an answer with this status says that nothing has begun: it does not know the ticket's key yet, was too slow, or is full.</summary>
    public static bool HasNotBegun(int status) => status is 401 or 408 or 429;

    /// <summary>Whether an answer with this status says that what answers is there, and what it needs is not.</summary>
    public static bool IsBehind(int status) => status is 502 or 503 or 504;

    /// <summary>Reads an answer.</summary>
    /// <param name="status">Its HTTP status.</param>
    /// <param name="body">Its body, or the beginning of a long one.</param>
    /// <param name="isWhole">Whether that is all of it; what is cut off is taken to be sound.</param>
    public static AnswerVerdict Of(int status, ReadOnlySpan<byte> body, bool isWhole = true)
    {
        var head = Head.Read(body, isWhole);
        var said = head.Message ?? string.Create(CultureInfo.InvariantCulture, $"the answer was HTTP {status}");
        var isOver = head.Status is "failed" or "cancelled";
        return status switch
        {
            >= 200 and < 300 when !head.IsObject => Means(AnswerMeaning.Broken, "the answer was something else than a JSON object"),
            >= 200 and < 300 => isOver ? Means(AnswerMeaning.Failed, head.Message ?? "the workflow failed") : Means(AnswerMeaning.Completed, head.Message ?? "completed"),
            _ when HasNotBegun(status) => Means(AnswerMeaning.Busy, said),

            // 500 is a workflow that failed, where it says so; what the original's API service says of an engine that it cannot reach is 502.
            500 or 499 => Means(!isOver || head.IsRetryable ? AnswerMeaning.Broken : head.IsRefusal ? AnswerMeaning.Refused : AnswerMeaning.Failed, said),
            >= 400 and < 499 => Means(isOver && !head.IsRefusal ? AnswerMeaning.Failed : AnswerMeaning.Refused, said),
            _ => Means(AnswerMeaning.Broken, said),
        };

        AnswerVerdict Means(AnswerMeaning meaning, string message) => new(meaning, message, head.ErrorCode, head.IsObject);
    }

    /// <summary>The members that matter.</summary>
    private readonly record struct Head(bool IsObject, string? Status, string? Message, string? ErrorCode, bool IsRetryable, bool HasDetail)
    {
        /// <summary>Refused before it ran: by the checks of the API service (<c>detail</c>), or by the engine's.</summary>
        public bool IsRefusal => HasDetail || ErrorCode is "workflow_refused" or "input_refused";

        public static Head Read(ReadOnlySpan<byte> body, bool isWhole)
        {
            var head = default(Head);
            try
            {
                var reader = new Utf8JsonReader(body, isWhole, new JsonReaderState(Depth));
                if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                {
                    return default;
                }

                head = new Head { IsObject = true };
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    head = reader.ValueTextEquals("status"u8) ? head with { Status = Text(ref reader) }
                        : reader.ValueTextEquals("message"u8) ? head with { Message = Text(ref reader) }
                        : reader.ValueTextEquals("error"u8) ? Error(ref reader, head)
                        : Other(ref reader, head with { HasDetail = head.HasDetail || reader.ValueTextEquals("detail"u8) });
                }

                return isWhole && reader.Read() ? default : head;
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException)
            {
                return isWhole ? default : head; // the latter: a text that is no UTF-8
            }
        }

        private static Head Other(ref Utf8JsonReader reader, Head head)
        {
            reader.TrySkip(); // where that is not there, nothing after it is
            return head;
        }

        private static string? Text(ref Utf8JsonReader reader)
        {
            if (!reader.Read() || reader.TokenType == JsonTokenType.String)
            {
                return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            }

            reader.TrySkip();
            return null;
        }

        private static Head Error(ref Utf8JsonReader reader, Head head)
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                reader.TrySkip();
                return head;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("code"u8))
                {
                    head = head with { ErrorCode = Text(ref reader) };
                }
                else if (reader.ValueTextEquals("retryable"u8))
                {
                    head = head with { IsRetryable = reader.Read() && reader.TokenType == JsonTokenType.True };
                    reader.TrySkip();
                }
                else
                {
                    reader.TrySkip();
                }
            }

            return head;
        }
    }
}
