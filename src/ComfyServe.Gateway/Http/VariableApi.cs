using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Variables;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Gateway.Http;

/// <summary>The account's variables: <c>/api/v1/variables</c>. Values go in and never come out.</summary>
internal sealed class VariableApi(AccountVariables variables)
{
    /// <summary>Adds the calls.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/variables").AddEndpointFilter<AccountFilter>();
        group.MapGet("/", static (HttpContext context, VariableApi api) => api.ListAsync(context.RequestAborted));
        group.MapPut("/{name}", static (string name, HttpContext context, VariableApi api) => api.SetAsync(name, context));
        group.MapDelete("/{name}", static (string name, HttpContext context, VariableApi api) => api.RemoveAsync(name, context.RequestAborted));
    }

    private async Task<IResult> ListAsync(CancellationToken cancellationToken) =>
        Answers.Json(await variables.ListAsync(cancellationToken), ServerlessJson.Default.IReadOnlyListAccountVariableView);

    private async Task<IResult> SetAsync(string name, HttpContext context)
    {
        if (await Body.ReadManagementAsync(context.Request, ServerlessJson.Default.AccountVariableRequest, context.RequestAborted) is not { } given)
        {
            return Answers.Invalid("The body is not JSON of a variable's value: send {\"value\": \"…\"}");
        }

        if (VariableRules.Mistakes(name, given.Value) is { Count: > 0 } mistakes)
        {
            return Answers.Invalid(mistakes);
        }

        return await variables.SetAsync(name, given.Value!, context.RequestAborted) is { } set
            ? Answers.Json(set, ServerlessJson.Default.AccountVariableView)
            : Answers.Invalid($"An account has {VariableRules.Most} variables at most; remove one first");
    }

    private async Task<IResult> RemoveAsync(string name, CancellationToken cancellationToken) => await variables.RemoveAsync(name, cancellationToken)
        ? Answers.Done()
        : Answers.Failure(StatusCodes.Status404NotFound, "no_such_variable", $"There is no variable '{name}'; 'GET /api/v1/variables' lists those that there are");
}
