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

        // 1. A ticket for another worker's URL has the gateway's signature too: its URL must be ours.
        if (!keys.Any)
        {
            return TicketVerdict.NoKey;
        }

        if (address.Url is { } own && ticket.Data.Url?.TrimEnd('/') != own)
        {
            return TicketVerdict.OtherWorker;
        }

        // 2. Our grant, where the gateway gives them. Before the signature: a forged ticket then costs a microsecond, not a tenth
        //    of a millisecond for each key and form, and nobody asks the gateway for a newer key on its account.
        var verdict = ticket.Data.Grant is { } grant ? Check(ticket.Data, grant) : terms.GivesGrants ? TicketVerdict.GrantMissing : TicketVerdict.Signed;
        if (verdict is not (TicketVerdict.Granted or TicketVerdict.Signed))
        {
            return verdict;
        }

        // 3. The original's signature.
        var older = !keys.Current.Any(key => UrlSignature.Verify(key, ticket.Data.Url, ticket.Data.Signature));
        if (older && !keys.Current.Any(key => OlderSignature.Verify(key, ticket.Raw)))
        {
            return TicketVerdict.BadSignature;
        }

        // 4. It is the gateway's: use it up.
        return Use(ticket.Data, verdict, older);
    }

    private TicketVerdict Use(AuthData ticket, TicketVerdict verdict, bool older)
    {
        if (verdict == TicketVerdict.Granted && !nonces.TryTake(ticket.Grant!.Nonce, ticket.Grant.ExpiresAt, terms.Now))
        {
            return TicketVerdict.Replayed;
        }

        if (verdict == TicketVerdict.Signed && older && !numbers.TryUse(ticket.Reqnum, ticket.Signature!))
        {
            return TicketVerdict.Stale;
        }

        numbers.Note(ticket.Reqnum);
        return verdict;
    }

    private TicketVerdict Check(AuthData ticket, TicketGrant grant)
    {
        if (_grantKey is null || !GrantSignature.Verify(_grantKey, ticket))
        {
            return TicketVerdict.GrantInvalid;
        }

        if (grant.WorkerId != options.Id)
        {
            return TicketVerdict.OtherWorker;
        }

        return terms.Now >= grant.ExpiresAt ? TicketVerdict.Expired : TicketVerdict.Granted;
    }
}
