using System.Text.Json.Nodes;
using ComfyServe.Api.Jobs;
using ComfyServe.Api.Jobs.Durable;
using ComfyServe.Api.Requests;
using ComfyServe.Jobs.Deliveries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Api.Webhooks;

/// <summary><c>GET /result/{request_id}/webhooks</c>: the delivery log; <c>POST …/redeliver</c>: once more.</summary>
internal static class WebhooksApi
{
    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/result/{request_id}/webhooks", ListAsync)
            .WithName("webhooks").WithSummary("The webhooks about a request and every try to deliver them");
        routes.MapPost("/result/{request_id}/webhooks/redeliver", RedeliverAsync)
            .WithName("redeliver").WithSummary("Deliver the webhooks about a request once more");
    }

    private static async Task<IResult> ListAsync(string request_id, HttpContext context, JobService jobs, ServiceLedger ledger, CancellationToken cancellationToken)
    {
        if (await jobs.FindForAsync(request_id, context) is null)
        {
            return Answers.Text("detail", "Request ID not found", StatusCodes.Status404NotFound);
        }

        var log = await DeliveryLog.DescribeAsync(ledger.Jobs, JobLookup.KeyOf(request_id, context), cancellationToken);
        return Results.Content(log.ToJsonString(), "application/json; charset=utf-8");
    }

    private static async Task<IResult> RedeliverAsync(string request_id, HttpContext context, JobService jobs, ServiceLedger ledger, DeliveryLoop loop)
    {
        if (await jobs.FindForAsync(request_id, context) is null)
        {
            return Answers.Text("detail", "Request ID not found", StatusCodes.Status404NotFound);
        }

        var deliveries = await ledger.Jobs.RedeliverAsync(JobLookup.KeyOf(request_id, context));
        loop.Wake();
        return Results.Content(new JsonObject { ["deliveries"] = deliveries }.ToJsonString(), "application/json; charset=utf-8", statusCode: StatusCodes.Status202Accepted);
    }
}
