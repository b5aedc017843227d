using ComfyServe.Hosting.Web;
using ComfyServe.Worker.Admission;
using ComfyServe.Worker.Benchmark;
using ComfyServe.Worker.Sessions;
using ComfyServe.Worker.Tickets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Worker.Forwarding;

/// <summary>The forwarded routes: parse, check the ticket, admit or refuse at once, wait for a turn, forward.</summary>
internal sealed class ForwardApi(
    WorkerOptions options, BodyReader bodies, TicketGate gate, SessionTable sessions, LoadLedger ledger, TurnQueue turns, Forwarder forwarder, Score score, TimeProvider time)
{
    /// <summary>Adds the routes.</summary>
    public static void Map(IEndpointRouteBuilder app, WorkerOptions options)
    {
        foreach (var route in options.Routes)
        {
            app.MapPost(route, static (HttpContext context, ForwardApi api) => api.ServeAsync(context));
        }

        app.MapMethods("/files/{**key}", ["GET", "HEAD"], static (HttpContext context, Forwarder forwarder) => forwarder.ForwardOutputAsync(context));
    }

    private async Task ServeAsync(HttpContext context)
    {
        try
        {
            using var body = await bodies.ReadAsync(context.Request, context.RequestAborted);
            if (body.Refusal != 0)
            {
                context.Response.StatusCode = body.Refusal;
                return;
            }

            if (WorkerCall.Read(body.Memory, out var mistakes) is not { } call)
            {
                await Answers.WriteAsync(context, StatusCodes.Status422UnprocessableEntity, mistakes);
                return;
            }

            await AdmitAsync(context, call);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away: nobody is left to answer.
        }
    }

    private async Task AdmitAsync(HttpContext context, WorkerCall call)
    {
        var ticket = call.Ticket.Data;
        if (call.SessionId is not { } sessionId)
        {
            if (await gate.PassAsync(context, call.Ticket, LoadKind.Request) is { } cost)
            {
                await EnterAsync(context, call, ledger.TryEnter(ticket.RequestIdx, cost, LoadKind.Request), context.RequestAborted);
            }

            return;
        }

        // The session's own ticket was checked when it was made; whoever shows it again may use it.
        switch (sessions.Use(sessionId, call.Ticket.Raw, out var session))
        {
            case SessionAccess.Unknown:
                await Answers.WriteAsync(context, StatusCodes.Status410Gone, "error", "invalid session");
                return;
            case SessionAccess.NotYours:
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                return;
        }

        ConnectionBound.Admit(context);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, session!.Closed);
        await EnterAsync(context, call, ledger.TryEnter(ticket.RequestIdx, session.Entry.Cost, LoadKind.SessionRequest), gone.Token);
    }

    private async Task EnterAsync(HttpContext context, WorkerCall call, LoadEntry? entry, CancellationToken gone)
    {
        if (entry is null)
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            return;
        }

        var outcome = WorkOutcome.Broken;
        try
        {
            using var turn = await turns.WaitAsync(gone);
            ledger.Start(entry);
            var began = time.GetTimestamp();
            outcome = await forwarder.ForwardAsync(context, call.Payload, entry.Answer, Done, gone);

            // A client that reads its answer slowly must not hold up the machine.
            void Done(WorkOutcome done)
            {
                Finish(entry, done, time.GetElapsedTime(began));
                turn.Dispose();
            }
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            outcome = WorkOutcome.Cancelled;
            context.Abort();
        }
        finally
        {
            ledger.End(entry, outcome);
        }
    }

    private void Finish(LoadEntry entry, WorkOutcome outcome, TimeSpan elapsed)
    {
        // Side by side, a job's time says little of the machine.
        if (outcome == WorkOutcome.Served && options.ParallelRequests == 1)
        {
            score.Observe(entry.Cost, elapsed);
        }

        ledger.End(entry, outcome);
    }
}
