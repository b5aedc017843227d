using System.Globalization;
using System.Net;
using System.Text;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Keys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Gateway.Http;

/// <summary>The root certificate that clients fetch before their first call, and certificates for workers.</summary>
internal sealed class CertificateApi(CertificateAuthority authority, GatewaySecrets secrets, EndpointDirectory directory)
{
    private const int LargestRequest = 16 * 1024;

    /// <summary>Adds the calls.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/static/jvastai_root.cer", static (CertificateAuthority authority) => Results.Text(authority.RootPem, "application/x-pem-file"));
        app.MapPost("/api/v0/sign_cert/", static (HttpContext context, CertificateApi api) => api.SignAsync(context));
    }

    private async Task<IResult> SignAsync(HttpContext context)
    {
        if (!long.TryParse(context.Request.Query["instance_id"], NumberStyles.None, CultureInfo.InvariantCulture, out var worker)
            || await directory.EndpointOfAsync(worker, context.RequestAborted) is null)
        {
            return Answers.Failure(StatusCodes.Status401Unauthorized, "auth_error", "'instance_id' wants the id of a worker; make a place for it with 'workers create'");
        }

        if (context.Request.ContentLength > LargestRequest || await Body.BytesAsync(context.Request, context.RequestAborted) is not { Length: <= LargestRequest } body)
        {
            return Answers.Invalid($"The signing request is larger than {LargestRequest} bytes");
        }

        var token = context.Request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.OrdinalIgnoreCase).Trim();
        return authority.Sign(Encoding.UTF8.GetString(body), context.Connection.RemoteIpAddress ?? IPAddress.Loopback, secrets.IsWorkerToken(worker, token)) is { } pem
            ? Results.Text(pem, "application/x-pem-file")
            : Answers.Invalid("The body is not a PEM certificate signing request that is signed with its own key");
    }
}
