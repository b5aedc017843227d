using System.Net;
using ComfyServe.Contracts.Api;

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
        var read = -1;
        while (read != 0 && head.Length < MostHead)
        {
            read = await answer.ReadAsync(buffer, cancellationToken);
            await head.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        var bytes = head.GetBuffer().AsMemory(0, (int)head.Length);
        var verdict = AnswerVerdict.Of((int)HttpStatusCode.InternalServerError, bytes.Span, isWhole: read == 0);
        return new FailedAnswer(bytes, verdict.Meaning is AnswerMeaning.Failed or AnswerMeaning.Refused);
    }
}
