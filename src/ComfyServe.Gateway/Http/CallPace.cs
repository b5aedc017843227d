namespace ComfyServe.Gateway.Http;

/// <summary>
/// Spreads the calls of one key: so many a second, after a burst. The generic cell rate algorithm (ITU-T I.371): one number,
/// the time at which the key would be even again, which each call moves on by its share of a second. No lock, no timer.
/// </summary>
/// <param name="perSecond">Calls a second that may go on for ever.</param>
/// <param name="burst">Calls that may come at once after a pause.</param>
/// <param name="time">The clock.</param>
internal sealed class CallPace(int perSecond, int burst, TimeProvider time)
{
    private readonly double _share = (double)time.TimestampFrequency / perSecond; // clock ticks for each call
    private double _even = double.NegativeInfinity; // in clock ticks; changed by compare-and-swap only

    /// <summary>Takes a turn, if it comes within the caller's patience.</summary>
    /// <param name="patience">The longest wait that the caller accepts.</param>
    /// <param name="wait">How long to wait for the turn; zero or less for none.</param>
    /// <returns>False if the turn would come too late: then none was taken.</returns>
    public bool TryReserve(TimeSpan patience, out TimeSpan wait)
    {
        var now = (double)time.GetTimestamp();
        while (true)
        {
            var even = Volatile.Read(ref _even);
            var next = Math.Max(even, now) + _share;
            wait = TimeSpan.FromSeconds((next - (burst * _share) - now) / time.TimestampFrequency);
            if (wait > patience)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _even, next, even).Equals(even))
            {
                return true;
            }
        }
    }
}
