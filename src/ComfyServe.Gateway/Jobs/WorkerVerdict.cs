using ComfyServe.Contracts.Api;

namespace ComfyServe.Gateway.Jobs;

/// <summary>What a worker made of a request.</summary>
/// <param name="Meaning">How it ended.</param>
/// <param name="Code">Why it did not complete, a word.</param>
/// <param name="Message">The same for people.</param>
/// <param name="Body">The worker's answer, JSON, or empty.</param>
internal sealed record WorkerVerdict(AnswerMeaning Meaning, string? Code, string Message, ReadOnlyMemory<byte> Body)
{
    /// <summary>Whether another try would end the same way.</summary>
    public bool IsFinal => Meaning is AnswerMeaning.Completed or AnswerMeaning.Failed or AnswerMeaning.Refused;

    /// <summary>Reads an answer: status and body.</summary>
    public static WorkerVerdict Of(int status, ReadOnlyMemory<byte> body)
    {
        var verdict = AnswerVerdict.Of(status, body.Span);
        var code = verdict.Meaning switch
        {
            AnswerMeaning.Completed => null,
            AnswerMeaning.Failed => "workflow_failed",
            AnswerMeaning.Refused => "refused",
            _ => "worker_failed",
        };
        return new(verdict.Meaning, code, verdict.Message, verdict.IsObject ? body : default);
    }

    /// <summary>The worker was lost with the request.</summary>
    public static WorkerVerdict Lost(string message) => new(AnswerMeaning.Broken, "worker_lost", message, default);
}
