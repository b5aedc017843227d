namespace ComfyServe.Gateway.Routing;

/// <summary>
/// The keys' tickets at one endpoint. The gateway's own requests (no key) have no account: it uses every ticket at once. Guarded by the
/// router's lock; as many accounts as keys of the store were used lately.
/// </summary>
internal sealed class TicketAccounts(RouterLimits limits)
{
    private readonly Dictionary<string, TicketAccount> _byKey = new(StringComparer.Ordinal);

    /// <summary>Whether a key may have one more ticket now.</summary>
    public bool MayHave(string key, long now) => Wait(key, now) == 0;

    /// <summary>Milliseconds until a key may have one more ticket, at least one when it may not.</summary>
    public long Wait(string key, long now)
    {
        if (key.Length == 0 || !_byKey.TryGetValue(key, out var account))
        {
            return 0;
        }

        return account.PausedUntil > now ? account.PausedUntil - now : account.Open >= limits.MaxUnusedTickets ? limits.AssignmentLife : 0;
    }

    /// <summary>A ticket is given for a request.</summary>
    public void Give(RequestEntry entry)
    {
        if (entry.Key.Length == 0)
        {
            return;
        }

        if (!_byKey.TryGetValue(entry.Key, out var account))
        {
            _byKey[entry.Key] = account = new TicketAccount(limits);
        }

        account.Give();
        entry.Unused = account;
    }

    /// <summary>A request's ticket came to something, see <see cref="TicketAccount"/>; nothing when that is known already.</summary>
    public static void Settle(RequestEntry entry, TicketEnd end, long now)
    {
        if (entry.Unused is not { } account)
        {
            return;
        }

        entry.Unused = null;
        switch (end)
        {
            case TicketEnd.Used:
                account.Use(now);
                break;
            case TicketEnd.Wasted:
                account.Waste(now);
                break;
            default:
                account.Return();
                break;
        }
    }

    /// <summary>Forgets keys that have not been used for long.</summary>
    public void Sweep(long now)
    {
        foreach (var key in _byKey.Where(a => a.Value.IsForgotten(now)).Select(static a => a.Key).ToList())
        {
            _byKey.Remove(key);
        }
    }
}
