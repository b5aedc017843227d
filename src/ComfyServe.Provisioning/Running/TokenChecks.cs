using System.Net;
using System.Net.Http.Headers;
using ComfyServe.Provisioning.Downloads;
using ComfyServe.Provisioning.Manifest;

namespace ComfyServe.Provisioning.Running;

/// <summary>Asks the sites whether the tokens are valid; each at most once, and only where an entry depends on it.</summary>
internal sealed class TokenChecks(TokenSites sites, Func<string, string?> environment, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>One of the sites answers programs that name no browser with 403, whatever their token is.</summary>
    private const string UserAgent = "Mozilla/5.0 (compatible; comfyserve/1)";

    private readonly Dictionary<Token, bool> _known = [];

    /// <summary>Finds out about the tokens that entries depend on; a failed result for each that cannot be checked.</summary>
    public async Task<IReadOnlyList<StepResult>> AskAsync(IEnumerable<Token> tokens, CancellationToken cancellationToken)
    {
        var failures = new List<StepResult>();
        using var http = new HttpClient(ContentClient.Handler()) { Timeout = Timeout.InfiniteTimeSpan };
        foreach (var token in tokens.Distinct())
        {
            var variable = Condition.Variable(token);
            var value = environment(variable)?.Trim();
            if (string.IsNullOrEmpty(value))
            {
                _known[token] = false;
                continue;
            }

            var problem = await AskAsync(http, token, value, cancellationToken);
            if (problem is not null)
            {
                failures.Add(new StepResult("tokens", variable, StepOutcome.Failed, problem));
            }
        }

        return failures;
    }

    /// <summary>Whether all conditions hold; null where one of them is not known.</summary>
    public bool? Hold(ManifestEntry entry)
    {
        var known = true;
        foreach (var condition in entry.When)
        {
            if (!_known.TryGetValue(condition.Token, out var valid))
            {
                known = false;
            }
            else if (valid != condition.Wanted)
            {
                return false;
            }
        }

        return known ? true : null;
    }

    private async Task<string?> AskAsync(HttpClient http, Token token, string value, CancellationToken cancellationToken)
    {
        var site = token == Token.HuggingFace ? sites.HuggingFace : sites.Civitai;
        using var patience = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, site);
        request.Headers.UserAgent.ParseAdd(UserAgent);
        try
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", value);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            switch (response.StatusCode)
            {
                case HttpStatusCode.OK:
                    _known[token] = true;
                    return null;
                case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                    _known[token] = false;
                    return null;
                default:
                    return $"'{site.Host}' answered {(int)response.StatusCode} to the question whether it is valid; try again later, or remove the conditions";
            }
        }
        catch (FormatException)
        {
            _known[token] = false;
            return null;
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return $"'{site.Host}' could not be asked whether it is valid: {exception.Message}";
        }
    }
}
