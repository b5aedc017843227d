using ComfyServe.Hosting.Web;
using ComfyServe.Worker.Admission;
using ComfyServe.Worker.Benchmark;
using ComfyServe.Worker.Forwarding;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Worker.Tickets;

/// <summary>
/// Lets a request with a good ticket pass, and answers the others: 401 without a right, 503 while draining. A ticket that does not
/// verify changes nothing, here or at the gateway: whoever wrote it may have put anybody's request into it.
/// </summary>
internal sealed class TicketGate(TicketVerifier verifier, KeyLoop keys, Readiness readiness, LoadLedger ledger, RefusalLog refusals)
{
    // The gateway's own bound is lower; an unsecured worker must not report sums that are no numbers.
    private const double LargestCost = 1e9;

    /// <summary>Checks a ticket and uses it up.</summary>
    /// <returns>The load that it is for; null when the request was answered.</returns>
    public async Task<double?> PassAsync(HttpContext context, Ticket ticket, LoadKind kind)
    {
        var verdict = verifier.Verify(ticket);
        if (verdict == TicketVerdict.BadSignature && await keys.IsReplacedAsync(context.RequestAborted))
        {
            verdict = verifier.Verify(ticket);
        }

        if (verdict is not (TicketVerdict.Granted or TicketVerdict.Signed or TicketVerdict.Unsecured))
        {
            refusals.Note(verdict);
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return null;
        }

        ConnectionBound.Admit(context);
        var cost = Cost(ticket, verdict);
        if (readiness.IsDraining)
        {
            ledger.Reject(ticket.Data.RequestIdx, cost, kind);
            await Answers.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "error", "this worker takes no new requests; ask for another");
            return null;
        }

        return cost;
    }

    /// <summary>Notes that a request with a good ticket was refused all the same.</summary>
    public void Refuse(Ticket ticket, double cost) => ledger.Reject(ticket.Data.RequestIdx, cost, LoadKind.Request);

    // The original's signature does not cover the cost: without a grant a client could claim any.
    private static double Cost(Ticket ticket, TicketVerdict verdict) =>
        verdict != TicketVerdict.Signed && ticket.Data.Cost is > 0 and <= LargestCost ? ticket.Data.Cost : BenchmarkRunner.Load;
}
