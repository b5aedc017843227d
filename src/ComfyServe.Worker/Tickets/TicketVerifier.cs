using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Worker.Tickets;

/// <summary>
/// Decides about tickets: the original's signature over the worker's URL (all three revisions), and our grant, which binds
/// cost, request and worker, ends, and can be used once.
/// </summary>
internal sealed class TicketVerifier(WorkerOptions options, PublicKeys keys, GatewayTerms terms, NonceMemory nonces, TicketNumbers numbers, WorkerAddress address)
{
    private readonly byte[]? _grantKey = options.Mtoken.Length == 0 ? null : GrantSignature.KeyFor(options.Mtoken);

    /// <summary>Whether a ticket is good. A good one is used up.</summary>
    public TicketVerdict Verify(Ticket ticket)
    {
        if (options.Unsecured)
        {
            numbers.Note(ticket.Data.Reqnum);
            return TicketVerdict.Unsecured;
        }

        // 1. The original's signature. A ticket for another worker's URL would fit too: its URL must be ours.
        if (!keys.Any)
        {
            return TicketVerdict.NoKey;
        }

        if (address.Url is { } own && ticket.Data.Url?.TrimEnd('/') != own)
        {
            return TicketVerdict.OtherWorker;
        }

        var older = false;
        if (!keys.Current.Any(key => UrlSignature.Verify(key, ticket.Data.Url, ticket.Data.Signature)))
        {
            older = keys.Current.Any(key => OlderSignature.Verify(key, ticket.Raw));
            if (!older)
            {
                return TicketVerdict.BadSignature;
            }
        }

        // 2. Our grant, where the gateway gives them.
        var verdict = ticket.Data.Grant is { } grant ? Verify(ticket.Data, grant) : terms.GivesGrants ? TicketVerdict.GrantMissing : TicketVerdict.Signed;
        if (verdict == TicketVerdict.Signed && older && !numbers.TryUse(ticket.Data.Reqnum, ticket.Data.Signature!))
        {
            return TicketVerdict.Stale;
        }

        if (verdict is TicketVerdict.Granted or TicketVerdict.Signed)
        {
            numbers.Note(ticket.Data.Reqnum);
        }

        return verdict;
    }

    private TicketVerdict Verify(AuthData ticket, TicketGrant grant)
    {
        if (_grantKey is null || !GrantSignature.Verify(_grantKey, ticket))
        {
            return TicketVerdict.GrantInvalid;
        }

        if (grant.WorkerId != options.Id)
        {
            return TicketVerdict.OtherWorker;
        }

        var now = terms.Now;
        if (now >= grant.ExpiresAt)
        {
            return TicketVerdict.Expired;
        }

        return nonces.TryTake(grant.Nonce, grant.ExpiresAt, now) ? TicketVerdict.Granted : TicketVerdict.Replayed;
    }
}
