using System.Net;
using System.Net.Sockets;
using ComfyServe.Hosting.Fairness;

namespace ComfyServe.Hosting.Outbound;

/// <summary>
/// Tells before any work whether a URL that a caller chose would be refused when it is called. What cannot be told soon (a name that does not resolve now) is
/// let through: the connection itself is guarded.
/// </summary>
public sealed class AddressCheck(AddressPolicy policy, GuardedHandler.Resolve resolve, TimeProvider time)
{
    private const int MostKept = 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(30);

    private readonly FairSlots _slots = new(new(total: 8, share: 50, owners: 0)); // resolvers block a thread each
    private readonly Lock _gate = new(); // guards _known
    private readonly Dictionary<string, (bool IsRefused, DateTimeOffset Until)> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Why <paramref name="url"/> would be refused, or null.</summary>
    /// <param name="url">An absolute http or https URL.</param>
    /// <param name="owner">Who names it; null where there is one owner.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    public async Task<string?> ProblemAsync(Uri url, string? owner, CancellationToken cancellationToken)
    {
        var host = url.IdnHost.Trim('[', ']');
        var refused = IPAddress.TryParse(host, out var literal) ? !policy.IsAllowed(host, literal) : await IsNameRefusedAsync(host, owner, cancellationToken);
        return refused ? new AddressRefusedException(host).Message : null;
    }

    private async Task<bool> IsNameRefusedAsync(string host, string? owner, CancellationToken cancellationToken)
    {
        if (policy.IsAllowed(host, IPAddress.Loopback))
        {
            return false; // The name itself is allowed, or everything.
        }

        lock (_gate)
        {
            if (_known.TryGetValue(host, out var known) && known.Until > time.GetUtcNow())
            {
                return known.IsRefused;
            }
        }

        var looking = LookUpAsync(host, owner, cancellationToken);
        try
        {
            return await looking.WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            _ = looking.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            Remember(host, isRefused: false);
            return false;
        }
    }

    private async Task<bool> LookUpAsync(string host, string? owner, CancellationToken cancellationToken)
    {
        using var slot = await _slots.EnterAsync(owner, cancellationToken); // held until the resolver answers, however long that is
        var isRefused = false;
        try
        {
            var addresses = await resolve(host, cancellationToken);
            isRefused = addresses.Length > 0 && !Array.TrueForAll(addresses, a => policy.IsAllowed(host, a));
        }
        catch (SocketException)
        {
            // The name may be there by the time that it is called.
        }

        Remember(host, isRefused);
        return isRefused;
    }

    private void Remember(string host, bool isRefused)
    {
        lock (_gate)
        {
            if (_known.Count >= MostKept)
            {
                _known.Clear();
            }

            _known[host] = (isRefused, time.GetUtcNow() + Kept);
        }
    }
}
