using System.Net;

namespace ComfyServe.Worker.Reporting;

/// <summary>What the first gateway that answered said.</summary>
/// <param name="Status">The status; null when none answered.</param>
/// <param name="Body">The body.</param>
internal readonly record struct GatewayAnswer(HttpStatusCode? Status, byte[] Body)
{
    /// <summary>Whether it was accepted.</summary>
    public bool IsAccepted => Status is >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices;
}
