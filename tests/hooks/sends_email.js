// Mails whoever the request names, and completes with what it is told, or with the error.
function onRequest(request, response, modules) {
  const mail = request.body;
  modules.logger.info('mail for ' + mail.to);
  modules.email.send(mail.from, mail.to, mail.subject, mail.text, mail.replyTo, mail.html, mail.cc, mail.bcc,
    (error, result) => {
      response.body = error ? { code: error.code, message: error.message } : result;
      response.complete(200);
    });
}
