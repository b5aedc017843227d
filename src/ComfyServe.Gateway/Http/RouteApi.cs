using System.Globalization;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Gateway.Http;

/// <summary>
/// <c>POST /route/</c>. The original's client gives a request up for good at any answer but 200 and after ten seconds, so
/// everything but a wrong key, endpoint or body is 200: with a ticket, or with an index to ask again with. A key that does not use its tickets
/// gets 429.
/// </summary>
internal sealed class RouteApi(
    Callers callers, EndpointDirectory directory, SeatTable seats, CostRule costs, TicketWriter tickets, RoutingClock clock, GatewayOptions options)
{
    private static readonly TimeSpan LongestReplay = TimeSpan.FromMinutes(10);

    /// <summary>Adds the call.</summary>
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/route/", app.ServiceProvider.GetRequiredService<RouteApi>().RouteAsync);

    private async Task RouteAsync(HttpContext context)
    {
        var began = clock.Now;
        var cancellationToken = context.RequestAborted;
        if (await Body.ReadAsync(context.Request, ServerlessJson.Default.RouteRequest, cancellationToken) is not { Endpoint: { } name } request
            || !RequestIndexes.IsPossible(request.RequestIdx))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "Invalid endpoint or missing required parameters");
            return;
        }

        if (callers.Find(context, request.ApiKey) is not { } caller)
        {
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, "Authentication failed");
            return;
        }

        if (directory.Find(name) is not { } endpoint || !caller.MayUse(endpoint.Id))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "Invalid endpoint or missing required parameters");
            return;
        }

        if (costs.Read(endpoint, caller, request.Cost is 0 ? null : request.Cost, out var problem, isNew: request.RequestIdx == 0) is not { } cost)
        {
            await Answers.Invalid(problem).ExecuteAsync(context);
            return;
        }

        var router = seats.Seat(endpoint.Id).Router;
        var outcome = await callers.MayRouteAsync(caller, options.RouteHold, cancellationToken)
            ? await RouteAsync(router, Call(request, cost, caller.KeyId, began), cancellationToken)
            : new RouteOutcome(request.RequestIdx, null, 0, 0, 0, CanServe: true);
        if (outcome.Refused > 0)
        {
            var seconds = (outcome.Refused + 999) / 1000;
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            await Answers.Failure(
                StatusCodes.Status429TooManyRequests, "unused_tickets", $"Too many tickets of this key were not used: send each to its worker at once, and ask again in {seconds} s").ExecuteAsync(context);
            return;
        }

        Answers.Write(context.Response, tickets.Write(name, cost, outcome, router.Snapshot.Summary, caller.KeyId), ServerlessJson.Default.RouteAnswer);
    }

    private async ValueTask<RouteOutcome> RouteAsync(EndpointRouter router, RouteCall call, CancellationToken cancellationToken)
    {
        var outcome = router.Route(call, clock.Now, out var held);
        if (held is null)
        {
            return outcome;
        }

        try
        {
            return await held.Answer.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            router.Abandon(held, clock.Now);
            throw;
        }
    }

    private RouteCall Call(RouteRequest request, double cost, string key, long began)
    {
        var replay = Math.Clamp(request.ReplayTimeout ?? 60, 1, LongestReplay.TotalSeconds);
        var hold = Math.Max(0, (long)options.RouteHold.TotalMilliseconds - (clock.Now - began));
        var idx = seats.MayExist(request.RequestIdx) ? request.RequestIdx : 0;
        return new RouteCall(idx, cost, hold, (long)(replay * 1000), Key: key);
    }

    private static Task RefuseAsync(HttpContext context, int status, string error) => Answers.Failure(status, error, error).ExecuteAsync(context);
}
