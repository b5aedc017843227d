namespace ComfyServe.Contracts.Api;

/// <summary>What an answer to <c>/generate/sync</c> means for the request.</summary>
public enum AnswerMeaning
{
    /// <summary>The workflow ran to its end.</summary>
    Completed,

    /// <summary>The workflow failed or was cancelled, and would end so again.</summary>
    Failed,

    /// <summary>The request itself is wrong: nothing ran, and nothing would.</summary>
    Refused,

    /// <summary>Nothing has begun; the same request may be sent elsewhere, or here later.</summary>
    Busy,

    /// <summary>What answers, or what is behind it, failed: another try may succeed.</summary>
    Broken,
}
