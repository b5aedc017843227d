using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Tickets;

/// <summary>
/// Tells of tickets that did not verify: the first at once, then one line a minute with their number. Anybody can send such tickets,
/// as many as the network carries. Thread-safe.
/// </summary>
internal sealed partial class RefusalLog(TimeProvider time, ILogger<RefusalLog> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new(); // guards both fields below
    private long _refused;
    private long? _toldAt;

    /// <summary>A request was refused for its ticket.</summary>
    public void Note(TicketVerdict verdict)
    {
        long refused;
        lock (_gate)
        {
            _refused++;
            if (_toldAt is { } told && time.GetElapsedTime(told) < Pause)
            {
                return;
            }

            (refused, _refused, _toldAt) = (_refused, 0, time.GetTimestamp());
        }

        Log.Refused(logger, refused, verdict);
    }

    private static partial class Log
    {
        [LoggerMessage(5011, LogLevel.Warning, "{Count} requests were refused since this was last told: their tickets do not verify; the last one is {Verdict}")]
        public static partial void Refused(ILogger logger, long count, TicketVerdict verdict);
    }
}
