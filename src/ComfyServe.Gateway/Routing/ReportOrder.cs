namespace ComfyServe.Gateway.Routing;

/// <summary>
/// Tells news from reports of the same worker that came late or twice: each start of it numbers its reports from 1. The original's
/// worker does not number them: there every report is news, and the next one mends what a late one spoilt. One caller at a time.
/// </summary>
internal sealed class ReportOrder
{
    private string? _former;
    private long _sequence;

    /// <summary>The start of the worker that reported last; null if it does not say.</summary>
    public string? BootId { get; private set; }

    /// <summary>Whether a report is later than all before; then it is the last one from now on.</summary>
    public bool IsNews(string? bootId, long sequence)
    {
        if (bootId is null)
        {
            return true;
        }

        if (bootId == BootId)
        {
            if (sequence <= _sequence)
            {
                return false;
            }
        }
        else if (bootId == _former)
        {
            return false; // the process before the last restart: its last words were still on their way
        }
        else
        {
            (_former, BootId) = (BootId, bootId);
        }

        _sequence = sequence;
        return true;
    }
}
