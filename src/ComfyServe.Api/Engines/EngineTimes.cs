namespace ComfyServe.Api.Engines;

/// <summary>How patient the service is with an engine.</summary>
public sealed class EngineTimes
{
    /// <summary>One attempt to open the socket or a connection. Default 5 s.</summary>
    public TimeSpan Connect { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>One short call (queue, history, interrupt, submit). Default 30 s.</summary>
    public TimeSpan Call { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Handing an input file to the engine. Default 10 min.</summary>
    public TimeSpan Transfer { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Ping of the socket, and how long its answer may take before the socket counts as lost. Default 10 s.</summary>
    public TimeSpan SocketPing { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest pause between attempts to open the socket. Default 2 s.</summary>
    public TimeSpan SocketRetry { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Silence about a run after which its history and queue are looked up. Default 5 s.</summary>
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an engine may be unreachable before a run that it had is given up. Default 15 s.</summary>
    public TimeSpan Outage { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a job waits while no engine is reachable. Default 30 s.</summary>
    public TimeSpan NoEngine { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a run may take from submission to its end. Default 1 h.</summary>
    public TimeSpan Run { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a running prompt may go without a step or a node before it is interrupted. Default 15 min.</summary>
    public TimeSpan Stall { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long an interrupted run may take to stop. Default 10 s.</summary>
    public TimeSpan Stop { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a workflow is submitted before the engine counts as unreachable. Default 5.</summary>
    public int SubmitAttempts { get; set; } = 5;

    /// <summary>Largest frame of the socket, bytes. Default 64 MiB.</summary>
    public int MaxFrame { get; set; } = 64 << 20;

    /// <summary>Largest reply that is read into memory (history, queue, node catalogue), bytes. Default 256 MiB.</summary>
    public long MaxReply { get; set; } = 256 << 20;
}
