namespace ComfyServe.Contracts.Serverless;

/// <summary>What a gateway tells one of our workers in answer to its report.</summary>
public static class WorkerCommands
{
    /// <summary>Finish what runs, take nothing new.</summary>
    public const string Drain = "drain";

    /// <summary>Take requests again.</summary>
    public const string Resume = "resume";

    /// <summary>Finish what runs, then end the process.</summary>
    public const string Stop = "stop";
}
