// SPDX-License-Identifier: MIT
// A one-time link: its token is behind the '#', which browsers send to no server.
import { call, element, onSubmit, refuse, say } from './page.js';

const token = location.hash.slice(1), form = element('use');
// Of whoever is signed in here already.
const csrf = (await call('GET', '/api/v1/me')).body?.csrf_token;

async function look() {
	const answer = await call('POST', '/api/v1/links/look', { token }, csrf);
	if (!answer.ok) {
		element('title').textContent = 'This link does not work';
		if (answer.status === 404 || answer.status === 400)
			say('It was used already, is too old, or was not copied whole. An administrator can send you a new one.');
		else refuse(answer);
		return;
	}
	const { kind, user } = answer.body;
	const invited = kind === 'invitation';
	element('title').textContent = invited ? 'Welcome' : 'Set a new password';
	element('account').hidden = !invited;
	for (const field of element('account').querySelectorAll('input')) field.disabled = !invited;
	element('name').value = user.name;
	element('email').value = user.email ?? '';
	if (user.email) element('email').readOnly = true;
	form.hidden = false;
	form.querySelector('input:enabled:not([readonly])').focus();
}

onSubmit(form, async ({ name, email, password, again }) => {
	if (password !== again) return refuse({ body: { detail: 'The two passwords are not the same.', field: 'again' } }, form);
	const given = { token, password };
	if (name !== undefined) given.name = name;
	if (email !== undefined && !element('email').readOnly) given.email = email;
	const answer = await call('POST', '/api/v1/links/use', given, csrf);
	if (!answer.ok) return refuse(answer, form);
	location.replace('/');
});

addEventListener('hashchange', () => location.reload());
if (token) await look();
else {
	element('title').textContent = 'This link is not whole';
	say('Open it again from the message or terminal that it came with.');
}
