using ComfyServe.Hosting;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Worker.Forwarding;

/// <summary>Reads a request's body into memory, within the limit for one and for all together.</summary>
internal sealed class BodyReader(WorkerOptions options, BodyBudget budget)
{
    // Whatever length a caller claims, memory grows with what it really sent.
    private const int First = 16 << 10;

    /// <summary>Reads a body; <see cref="ReadBody.Dispose"/> gives its memory back to the budget.</summary>
    public async Task<ReadBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var expected = request.ContentLength ?? 0;
        if (expected > options.MaxBodyBytes)
        {
            return new ReadBody(StatusCodes.Status413PayloadTooLarge);
        }

        var body = new ReadBody(budget);
        var refusal = body.TryGrow(expected > 0 ? Math.Min(expected + 1, First) : First) ? 0 : StatusCodes.Status429TooManyRequests;
        try
        {
            while (refusal == 0)
            {
                var read = await request.Body.ReadAsync(body.Free, cancellationToken);
                if (read == 0)
                {
                    return body;
                }

                body.Advance(read);
                if (body.Length > options.MaxBodyBytes)
                {
                    refusal = StatusCodes.Status413PayloadTooLarge;
                }
                else if (body.Free.IsEmpty && !body.TryGrow(Math.Min(2L * body.Length, (expected > 0 ? expected : options.MaxBodyBytes) + 1)))
                {
                    refusal = StatusCodes.Status429TooManyRequests;
                }
            }
        }
        catch (BadHttpRequestException error)
        {
            refusal = error.StatusCode;
        }
        catch
        {
            body.Dispose();
            throw;
        }

        body.Dispose();
        return new ReadBody(refusal);
    }
}
